"""The things that postcards show. Each is drawn around its own foot: x to the right, y up, one unit high."""
