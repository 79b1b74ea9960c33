"""A package of its own: some libraries install a `tests` too, which would be found instead."""
