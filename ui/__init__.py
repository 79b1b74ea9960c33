"""The page: Gradio and nothing else; what it shows comes from engine.studio and the request's table."""
