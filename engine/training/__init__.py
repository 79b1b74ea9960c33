"""Training: from a folder of pictures to a LoRA, new words, a ControlNet or a whole model, with its measure beside it."""
