"""The tabs: each decides the layout of what it asks for, and nothing more."""
