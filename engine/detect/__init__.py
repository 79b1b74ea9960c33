"""What networks see in a picture: lines, depth, poses, for control units to draw by."""
