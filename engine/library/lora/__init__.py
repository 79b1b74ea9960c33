"""LoRA files: what they hold, told from the header, and what they add to a network's weights."""
