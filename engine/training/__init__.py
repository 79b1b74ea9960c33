"""Training: from folders of pictures to weights."""
