"""HTTP: who may ask, and the answers in JSON, pictures and server-sent events."""
