"""Which models stay resident, and what must go when memory runs short."""
