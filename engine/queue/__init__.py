"""Jobs in waiting: what is stored, whose turn it is, who may draw together, and the thread that acts on it."""
