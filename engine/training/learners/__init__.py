"""What is trained, one file for each method: which weights move, and the loss of a batch."""
