"""What was asked: one frozen, typed request; every parameter is declared here once."""
