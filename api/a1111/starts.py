"""img2img's pictures and mask, in the words of the request's starts."""

from collections.abc import Mapping
from typing import Any

from PIL import Image

from api.a1111.errors import Invalid, refused
from api.a1111.loans import Loans
from api.a1111.pictures import decoded, png
from engine.picture.fit import fitted
from engine.picture.mask import HALF, greys
from engine.picture.open import open_safe
from engine.request.parts import MOST_PICTURES
from engine.request.schema import STARTS

WHOLE, MASKED = "Whole picture", "Only masked"
PLAIN, LATENT = "Just resize", "Just resize (latent upscale)"


def starts_of(asked: Mapping[str, Any], values: Mapping[str, Any], loans: Loans) -> list[dict[str, Any]]:
    """One for each starting picture: values by our names, which take the place of the request's own.

    values: the request's, translated, with its size."""
    pictures = asked["init_images"]
    if not pictures:
        raise refused("Init image not found", 404)
    if len(pictures) > max(1, asked["batch_size"]) or len(pictures) > MOST_PICTURES:
        raise Invalid.at("init_images", f"There are {len(pictures)} pictures for a batch of {asked['batch_size']}.")
    given = [decoded(picture) for picture in pictures]
    if not asked["mask"]:
        return [{**start("picture", values), "picture": loans.bring(data)} for data in given]
    mask = greys(open_safe(decoded(asked["mask"])))
    if values["inpaint_area"] == MASKED and not covers(mask, values["mask_mode"]):
        return [{**start("picture", values), "picture": loans.bring(data)} for data in given]
    return [of_mask(data, mask, values, loans) for data in given]


def start(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of the request's values those that this kind of start has."""
    return {"start": kind, **{name: values[name] for name in STARTS[kind].model_fields if name in values}}


def of_mask(data: bytes, mask: Image.Image, values: Mapping[str, Any], loans: Loans) -> dict[str, Any]:
    """Redrawn in full resolution, the picture keeps its size; else it is brought to the size that is drawn first, which is
    then that of the result."""
    picture = open_safe(data)
    size = (values["width"], values["height"])
    if values["inpaint_area"] == WHOLE:
        mode = PLAIN if values["resize_mode"] == LATENT else values["resize_mode"]
        if picture.size != size:
            data = png(fitted(picture, size, mode))
        if mask.size != size:
            mask = fitted(mask, size, mode).convert("L")
    elif mask.size != picture.size:
        mask = mask.resize(picture.size, Image.Resampling.LANCZOS)
    return {**start("mask", values), "picture": loans.bring(data), "mask": loans.bring(png(mask))}


def covers(mask: Image.Image, mode: str) -> bool:
    """Whether anything is to be redrawn."""
    darkest, brightest = mask.getextrema()
    if not isinstance(darkest, int) or not isinstance(brightest, int):
        return True
    return darkest <= 255 - HALF if mode == "Inpaint not masked" else brightest >= HALF
