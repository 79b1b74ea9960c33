"""AUTOMATIC1111's API, drawn from the request schema: what speaks to that program speaks to this one unchanged."""
