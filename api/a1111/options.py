"""Options: AUTOMATIC1111's settings by their names, each person's own; GET's whole answer may be posted back."""

from collections.abc import Mapping
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.a1111 import checkpoints
from api.a1111.body import read_object
from api.a1111.errors import Invalid, Route, refused
from api.a1111.fields import OPTIONS
from api.a1111.people import Owner
from api.answer import FRESH
from api.jobs import TheStudio
from engine.errors import BadRequest
from engine.request.problems import shorten
from engine.request.read import read
from engine.request.schema import PARAMETERS
from engine.studio import Studio

router = APIRouter(route_class=Route)
CHECKPOINT, VAE = "sd_model_checkpoint", "sd_vae"
DRAWN = {known.a1111: known for known in PARAMETERS.values() if known.a1111 in OPTIONS}
FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WebP"}
DEFAULTS: dict[str, Any] = {
    **{name: known.default for name, known in DRAWN.items()},
    "samples_format": "png",
    "jpeg_quality": 80,
}
# What decides something here beside the request's parameters.
OURS: dict[str, Any] = {
    "live_previews_enable": True,
    "return_mask": False,
    "control_net_no_detectmap": False,
    "face_restoration": False,
    "face_restoration_model": "GFPGAN",
}
# What cannot be otherwise here.
FIXED: dict[str, Any] = {
    VAE: "Automatic",
    "tiling": False,
    "overlay_inpaint": True,
    "img2img_background_color": "#ffffff",
    "return_grid": False,
    "return_mask_composite": False,
    "api_enable_requests": False,
    "api_forbid_local_requests": True,
}
NO_VAE = (None, "", "None", "Automatic")
# What clients write and read back, and nothing here depends on.
IDLE: dict[str, Any] = {
    "send_seed": True,
    "send_size": True,
    "inpainting_mask_weight": 1.0,
    "initial_noise_multiplier": 1.0,
    "show_progress_every_n_steps": 10,
    "save_detected_map": True,
    "upscaler_for_img2img": None,
    "grid_save": False,
    "samples_save": True,
}
KNOWN = {**DEFAULTS, **OURS, **FIXED, **IDLE}
LONGEST = 1000  # characters of an idle option


@router.get("/sdapi/v1/options", operation_id="a1111_options")
def options(studio: TheStudio, owner: Owner) -> JSONResponse:
    """All of them, with the checkpoint's title."""
    return JSONResponse(shown(studio, owner), headers=FRESH)


@router.post("/sdapi/v1/options", operation_id="a1111_set_options")
async def set_options(request: Request, studio: TheStudio, owner: Owner) -> JSONResponse:
    """Any of them; what is not an option is passed over. They count for who sends them only."""
    values = await read_object(request)
    await to_thread.run_sync(change, studio, owner, values)
    return JSONResponse(None)


def shown(studio: Studio, owner: str) -> dict[str, Any]:
    kept = studio.options.get(owner)
    model = checkpoints.found(str(kept.get(CHECKPOINT) or ""), studio.library) or first(studio)
    return {
        **KNOWN,
        **{name: value for name, value in kept.items() if name in KNOWN},
        CHECKPOINT: checkpoints.title(model, studio.library) if model else None,
        "sd_checkpoint_hash": (studio.library.digest_of(model) or "") if model else "",
    }


def first(studio: Studio) -> Any:
    return next(iter(checkpoints.usable(studio.library)), None)


def change(studio: Studio, owner: str, values: Mapping[str, Any]) -> None:
    studio.options.change(owner, judged(values, shown(studio, owner), studio))


def judged(values: Mapping[str, Any], present: Mapping[str, Any], studio: Studio) -> dict[str, Any]:
    """Those that change something, each of a value that it can have."""
    changed: dict[str, Any] = {}
    for name, value in values.items():
        if name not in KNOWN or value == present.get(name):
            continue
        if name == CHECKPOINT:
            changed[name] = checkpoint(value, studio)
        elif name == VAE and value in NO_VAE:
            continue
        elif name in FIXED:
            raise Invalid.at(name, f"{name} cannot be changed here; it is {FIXED[name]!r}.")
        elif name in DRAWN:
            drawn({name: value})
            changed[name] = value
        elif (
            isinstance(value, bool | int | float) or value is None or (isinstance(value, str) and len(value) < LONGEST)
        ):
            changed[name] = value
        else:
            raise Invalid.at(name, "Input should be a text, a number, true or false")
    return changed


def checkpoint(value: Any, studio: Studio) -> str:
    """Our name of it."""
    model = checkpoints.found(value, studio.library) if isinstance(value, str) and value.strip() else None
    if model is None:
        raise refused(f"model '{shorten(value)}' not found", 404)
    return model.name


def drawn(options: Mapping[str, Any]) -> dict[str, Any]:
    """Values by our names. Raises Invalid, with the option's name."""
    values: dict[str, Any] = {}
    for name, value in options.items():
        if name in DRAWN and value is not None:
            if name == "samples_format":
                value = FORMATS.get(str(value).lower(), value)
            elif name == "randn_source" and value == "GPU":
                value = "NV"  # the same numbers, wherever they are drawn
            values[DRAWN[name].name] = value
    try:
        read(values)
    except BadRequest as error:
        known = PARAMETERS.get(error.problem.field or "")
        raise Invalid.at((known and known.a1111) or "", str(error.problem), error.problem.code) from None
    return values


def overridden(studio: Studio, owner: str, overrides: Mapping[str, Any] | None) -> dict[str, Any]:
    """The person's options with those of one request over them; raises what setting them would."""
    present = shown(studio, owner)
    return {**present, **judged(overrides or {}, present, studio)}
