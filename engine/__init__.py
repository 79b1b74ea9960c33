"""The engine: everything that draws, stores and trains, without a window or a web server."""
