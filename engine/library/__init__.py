"""What model files are: found, recognised by their headers, hashed, and loaded."""
