"""What a training leaves: files that other programs read too, each read back and compared before it counts as written."""
