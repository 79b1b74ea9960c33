"""How good the pictures of a model are, and reports that open without the studio."""
