"""Finished pictures: their files, their thumbnails and what is known about them."""
