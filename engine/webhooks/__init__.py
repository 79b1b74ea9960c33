"""A job's end told to an address that its owner named: what is allowed, how it is sent, and until when."""
