"""Recipes: programs that make what the studio ships. They may use the engine; nothing in the studio uses them."""
