"""Picture steps that are always there: no weights, numpy and Pillow alone."""
