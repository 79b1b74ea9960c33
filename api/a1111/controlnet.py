"""/controlnet: what sd-webui-controlnet tells of itself, and its preprocessors at work."""

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from api.a1111.body import described, read
from api.a1111.errors import Route, refused
from api.a1111.pictures import decoded, encoded
from api.a1111.units import module_of, numbers
from api.control import patience, room
from api.jobs import TheStudio
from engine.request.control import LARGEST, MOST_UNITS, SMALLEST
from engine.request.preprocessors import DETECTORS, PREPROCESSOR_FACTS
from engine.studio import Studio

router = APIRouter(prefix="/controlnet", route_class=Route)
UNITS = 3  # that are offered at once, as there; more may be asked for
MOST_PICTURES = 16
# Their types by what stands in names of modules and of models.
TYPES: dict[str, tuple[str, ...]] = {
    "All": (),
    "Canny": ("canny",),
    "Depth": ("depth",),
    "NormalMap": ("normal",),
    "OpenPose": ("openpose", "pose"),
    "MLSD": ("mlsd",),
    "Lineart": ("lineart",),
    "SoftEdge": ("softedge", "hed", "pidi", "edges"),
    "Scribble": ("scribble",),
    "Segmentation": ("seg",),
    "Shuffle": ("shuffle",),
    "Tile": ("tile", "blur"),
    "Recolor": ("recolor", "grey"),
}


class Detect(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    controlnet_module: str = "none"
    controlnet_input_images: list[str] = []
    controlnet_images: list[str] = []
    controlnet_processor_res: int | None = -1
    controlnet_threshold_a: float | None = -1
    controlnet_threshold_b: float | None = -1
    low_vram: bool | None = False


@router.get("/version", operation_id="a1111_controlnet_version")
def version() -> dict[str, int]:
    return {"version": 3}


@router.get("/settings", operation_id="a1111_controlnet_settings")
def settings() -> dict[str, int]:
    return {"control_net_unit_count": UNITS, "control_net_max_unit_count": MOST_UNITS}


@router.get("/model_list", operation_id="a1111_controlnet_models")
def model_list(studio: TheStudio) -> dict[str, list[str]]:
    """ "None" first; with the hash, where it is known by now."""
    return {"model_list": ["None", *models(studio)]}


def models(studio: Studio) -> list[str]:
    shelf = studio.shelf("control")
    shelf.refresh()
    legacy = shelf.hashes[-1]
    usable = [one for one in shelf.all() if not one.problem]
    return [f"{one.name} [{digest}]" if (digest := legacy.known([one.path])) else one.name for one in usable]


@router.get("/module_list", operation_id="a1111_controlnet_modules")
def module_list(studio: TheStudio) -> dict[str, Any]:
    """Those that can be used now: some need files of weights (docs/control.md)."""
    found = modules(studio)
    return {"module_list": found, "module_detail": {name: detail(name) for name in found}}


def modules(studio: Studio) -> list[str]:
    return [one["name"] for one in studio.preprocessors() if not one["problem"]]


def detail(name: str) -> dict[str, Any]:
    facts = PREPROCESSOR_FACTS[name]
    resolution = {"name": "Resolution", "value": 512, "min": SMALLEST, "max": LARGEST, "step": 8}
    sliders = [] if name == "none" else [resolution]
    for one in filter(None, (facts.a, facts.b)):
        sliders.append({"name": one.label, "value": one.default, "min": one.low, "max": one.high, "step": one.step})
    return {"model_free": False, "sliders": sliders}


@router.get("/control_types", operation_id="a1111_controlnet_types")
def control_types(studio: TheStudio) -> dict[str, Any]:
    found, usable = models(studio), modules(studio)
    types = {name: of_type(words, found, usable) for name, words in TYPES.items()}
    return {"control_types": {name: one for name, one in types.items() if name == "All" or len(one["module_list"]) > 1}}


def of_type(words: tuple[str, ...], found: list[str], usable: list[str]) -> dict[str, Any]:
    def fit(names: list[str]) -> list[str]:
        return [name for name in names if not words or any(word in name.lower() for word in words)]

    own, fitting = fit([name for name in usable if name != "none"]), fit(found)
    return {
        "module_list": ["none", *own],
        "model_list": ["None", *fitting],
        "default_option": (own or ["none"])[0] if words else "none",
        "default_model": (fitting or ["None"])[0] if words else "None",
    }


@router.post("/detect", operation_id="a1111_controlnet_detect", openapi_extra=described(Detect))
async def detect(request: Request, studio: TheStudio) -> JSONResponse:
    """What a module makes of pictures. `controlnet_images` is how webuiapi calls them."""
    asked = await read(request, Detect)
    assert isinstance(asked, Detect)
    module = module_of(asked.controlnet_module)
    given = asked.controlnet_input_images or asked.controlnet_images
    if not given:
        raise refused("No image selected")
    if len(given) > MOST_PICTURES:
        raise refused(f"{len(given)} images are too many; {MOST_PICTURES} are the most at once.")
    values = {"preprocessor": module, "pixel_perfect": False}
    values |= numbers(asked.controlnet_processor_res, asked.controlnet_threshold_a, asked.controlnet_threshold_b)
    limiter = patience if module in DETECTORS else room
    made = [encoded(await to_thread.run_sync(map_of, studio, values, one, limiter=limiter)) for one in given]
    return JSONResponse({"images": made, "info": "Success"})


def map_of(studio: Studio, values: dict[str, Any], picture: str) -> bytes:
    return studio.preprocess(values, decoded(picture))
