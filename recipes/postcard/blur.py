"""What pictures of a young model look like: soft, noisy, a little off in colour and place."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def worn(pictures: Tensor, dice: torch.Generator) -> Tensor:
    """Each picture of a batch (0 to 1) worn by another measure; a few stay nearly as they are."""
    count, _, height, width = pictures.shape

    def drawn(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, 1, generator=dice)

    shift = torch.randint(-2, 3, (2,), generator=dice).tolist()
    padded = functional.pad(pictures, (2, 2, 2, 2), mode="replicate")
    moved = padded[:, :, 2 + shift[0] : 2 + shift[0] + height, 2 + shift[1] : 2 + shift[1] + width]
    factor = int(torch.randint(2, 4, (1,), generator=dice))  # an autoencoder keeps less than the pixels hold
    small = functional.adaptive_avg_pool2d(moved, height // factor)
    soft = functional.interpolate(small, (height, width), mode="bilinear", align_corners=False)
    share = drawn(-0.3, 0.9).clamp(min=0)
    blended = moved * (1 - share) + soft * share
    patches = functional.interpolate(
        torch.randn(count, 3, height // 4, width // 4, generator=dice), (height, width), mode="bilinear"
    )
    mottled = blended + patches * drawn(0, 0.05) + torch.randn(pictures.shape, generator=dice) * drawn(0, 0.04)
    middle = mottled.mean((1, 2, 3), keepdim=True)
    contrast = middle + (mottled - middle) * drawn(0.85, 1.1)
    tint = 1 + 0.05 * (2 * torch.rand(count, 3, 1, 1, generator=dice) - 1)
    return (contrast * tint * drawn(0.92, 1.06)).clamp(0, 1)
