"""What a picture's file says, and what could be said of a picture."""

import re
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.a1111.body import described, read
from api.a1111.errors import Route, refused
from api.a1111.pictures import decoded
from engine.infotext import VERSION, parse
from engine.picture.open import header
from engine.picture.texts import texts_of

router = APIRouter(prefix="/sdapi/v1", route_class=Route)
SIZE = re.compile(r"(\d+)x(\d+)")
# What their reader adds where a text does not say it.
DEFAULTS = {
    "Clip skip": "1",
    "Hires resize-1": "0",
    "Hires resize-2": "0",
    "Hires sampler": "Use same sampler",
    "Hires schedule type": "Use same scheduler",
    "Hires checkpoint": "Use same checkpoint",
    "Hires prompt": "",
    "Hires negative prompt": "",
    "Mask mode": "Inpaint masked",
    "Masked content": "original",
    "Inpaint area": "Whole picture",
    "Masked area padding": "32",
    "RNG": "GPU",
    "Schedule type": "Automatic",
    "Schedule max sigma": "0",
    "Schedule min sigma": "0",
    "Schedule rho": "0",
    "VAE Encoder": "Full",
    "VAE Decoder": "Full",
    "FP8 weight": "Disable",
    "Emphasis": "Original",
    "Refiner switch by sampling steps": "False",
}
PLACES = ("UserComment", "parameters", "comment")


class Picture(BaseModel):
    image: str | None = None


class Interrogated(Picture):
    model: str | None = "clip"


@router.post("/png-info", operation_id="a1111_png_info", openapi_extra=described(Picture))
async def png_info(request: Request) -> JSONResponse:
    """The settings in a picture's file; "" where it has none."""
    asked = await read(request, Picture)
    assert isinstance(asked, Picture)
    return JSONResponse(await to_thread.run_sync(said, asked.image))


def said(image: str | None) -> dict[str, Any]:
    data = decoded(image)
    header(data)
    texts = texts_of(data).found
    place = next((place for place in PLACES if place in texts), None)
    info = texts.get(place or "", "")
    items = {name: text for name, text in texts.items() if name != place}
    return {"info": info, "items": items, "parameters": parameters(info) if info else {}}


def parameters(info: str) -> dict[str, str]:
    """As their parse_generation_parameters."""
    text = parse(info)
    told = {"Prompt": text.prompt, "Negative prompt": text.negative}
    for key, value in text.pairs.items():
        if size := SIZE.fullmatch(value):
            told |= {f"{key}-1": size[1], f"{key}-2": size[2]}
        else:
            told[key] = value
    if text.tool == VERSION:
        told["Version"] = VERSION
        told.setdefault("RNG", "CPU")
    return {**{name: value for name, value in DEFAULTS.items() if name not in told}, **told}


@router.post("/interrogate", operation_id="a1111_interrogate", openapi_extra=described(Interrogated))
async def interrogate(request: Request) -> JSONResponse:
    """There is no model here that puts pictures into words."""
    asked = await read(request, Interrogated)
    assert isinstance(asked, Interrogated)
    if not asked.image:
        raise refused("Image not found", 404)
    header(decoded(asked.image))
    raise refused("Model not found: this studio has none that describes pictures.", 404)
