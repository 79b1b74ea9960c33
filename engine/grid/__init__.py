"""The grid: base values and up to three axes; each of its cells is a normal job with a normal picture."""
