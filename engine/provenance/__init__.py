"""Marks that say where a picture is from: signed, read, and taken away by a named act."""
