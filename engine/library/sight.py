"""A picture as CLIP's image encoders are shown it."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

# Of the pictures that CLIP was trained with (Radford et al. 2021, arXiv 2103.00020).
MEAN, SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def cropped(picture: Image.Image, side: int) -> Tensor:
    """(1, 3, side, side): the middle of the picture, as CLIP sees it."""
    short = min(picture.size)
    size = (int(side * picture.width / short), int(side * picture.height / short))
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    small = picture.resize(size, Image.Resampling.BICUBIC).crop((left, top, left + side, top + side))
    levels = (np.asarray(small, np.float32) / 255 - np.asarray(MEAN, np.float32)) / np.asarray(SPREAD, np.float32)
    return torch.from_numpy(levels[None]).permute(0, 3, 1, 2)
