"""The architectures that the studio draws with: one row each, with all that a single file does not carry."""
