"""What there is, in AUTOMATIC1111's words; no list tells a path of this machine."""

from typing import Any

import psutil
from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.a1111 import checkpoints
from api.a1111.errors import Route
from api.a1111.faces import restorers
from api.a1111.names import ALIASES, short
from api.answer import FRESH
from api.jobs import TheStudio
from engine.request.samplers import FACTS, SAMPLERS, SCHEDULES
from engine.request.upscalers import LATENT_UPSCALERS, PIXEL_UPSCALERS

router = APIRouter(prefix="/sdapi/v1", route_class=Route)
# webuiapi sends units of a call before once more, unless it finds the second of these.
CONTROL_SCRIPTS = ("controlnet", "controlnet m2m")
RHO = {"Karras": 7.0, "Polyexponential": 1.0}
NOT_HERE = "is not done through this API; the studio's own says how: docs/training-api.md."


@router.get("/samplers", operation_id="a1111_samplers")
def samplers() -> list[dict[str, Any]]:
    return [{"name": name, "aliases": [], "options": sampler_options(name)} for name in SAMPLERS]


def sampler_options(name: str) -> dict[str, str]:
    facts = FACTS[name]
    told = {"scheduler": short(facts.automatic)} if facts.automatic not in (None, "Uniform") else {}
    return {**told, **({"discard_next_to_last_sigma": "True"} if facts.discards else {})}


@router.get("/schedulers", operation_id="a1111_schedulers")
def schedulers() -> list[dict[str, Any]]:
    return [
        {
            "name": short(label),
            "label": label,
            "aliases": list(ALIASES[label]) if label in ALIASES else None,
            "default_rho": RHO.get(label, -1),
            "need_inner_model": label in ("Uniform", "SGM Uniform", "Simple", "Normal", "DDIM", "Beta"),
        }
        for label in SCHEDULES
    ]


@router.get("/upscalers", operation_id="a1111_upscalers")
def upscalers(studio: TheStudio) -> list[dict[str, Any]]:
    """Their "None" first; then ours without a file, then those of models/upscalers."""
    found = [one["name"] for one in studio.upscalers() if not one["latent"] and not one["problem"]]
    return [
        {"name": name, "model_name": None, "model_path": None, "model_url": None, "scale": 4}
        for name in ("None", *PIXEL_UPSCALERS, *[name for name in found if name not in PIXEL_UPSCALERS])
    ]


@router.get("/latent-upscale-modes", operation_id="a1111_latent_upscale_modes")
def latent_upscale_modes() -> list[dict[str, str]]:
    return [{"name": name} for name in LATENT_UPSCALERS]


@router.get("/sd-models", operation_id="a1111_sd_models")
def sd_models(studio: TheStudio) -> list[dict[str, Any]]:
    found = []
    for model in checkpoints.usable(studio.library):
        digest = studio.library.digest_of(model)
        found.append(
            {
                "title": checkpoints.title(model, studio.library),
                "model_name": checkpoints.plain_name(model),
                "hash": digest[: checkpoints.SHORT] if digest else None,
                "sha256": digest,
                "filename": f"checkpoints/{checkpoints.file_name(model)}",
                "config": None,
            }
        )
    return found


@router.get("/face-restorers", operation_id="a1111_face_restorers")
def face_restorers(studio: TheStudio) -> list[dict[str, Any]]:
    return [{"name": name, "cmd_dir": None} for name in restorers(studio)]


@router.get("/sd-vae", operation_id="a1111_sd_vae")
@router.get("/sd-modules", operation_id="a1111_sd_modules")
@router.get("/hypernetworks", operation_id="a1111_hypernetworks")
@router.get("/realesrgan-models", operation_id="a1111_realesrgan_models")
def none_of_these() -> list[Any]:
    """There are none here: a checkpoint brings its VAE, upscalers are in /upscalers."""
    return []


@router.get("/prompt-styles", operation_id="a1111_prompt_styles")
def prompt_styles(studio: TheStudio) -> list[dict[str, str]]:
    return studio.styles()


@router.get("/embeddings", operation_id="a1111_embeddings")
def embeddings(studio: TheStudio) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = {"loaded": {}, "skipped": {}}
    for one in studio.additions("embedding"):
        facts = {"step": None, "sd_checkpoint": None, "sd_checkpoint_name": None}
        facts |= {"shape": one["width"], "vectors": one["vectors"]}
        told["skipped" if one["problem"] else "loaded"][one["word"]] = facts
    return told


@router.get("/loras", operation_id="a1111_loras")
def loras(studio: TheStudio) -> list[dict[str, Any]]:
    return [
        {
            "name": one["name"],
            "alias": next(iter(one["also"]), one["word"]),
            "path": f"loras/{one['name']}",
            "metadata": {},
        }
        for one in studio.additions("lora")
        if not one["problem"]
    ]


@router.get("/scripts", operation_id="a1111_scripts")
def scripts() -> dict[str, list[str]]:
    return {"txt2img": list(CONTROL_SCRIPTS), "img2img": list(CONTROL_SCRIPTS)}


@router.get("/script-info", operation_id="a1111_script_info")
def script_info() -> list[dict[str, Any]]:
    return [
        {"name": CONTROL_SCRIPTS[0], "is_alwayson": True, "is_img2img": is_img2img, "args": []}
        for is_img2img in (False, True)
    ]


@router.get("/extensions", operation_id="a1111_extensions")
def extensions() -> list[dict[str, Any]]:
    """ControlNet is built in; clients look for it here."""
    told = {"remote": None, "branch": None, "commit_hash": None, "version": None, "commit_date": None}
    return [{"name": "sd-webui-controlnet", **told, "enabled": True}]


@router.get("/memory", operation_id="a1111_memory")
def memory() -> JSONResponse:
    found = psutil.virtual_memory()
    ram = {"free": found.available, "used": found.total - found.available, "total": found.total}
    told = {"ram": ram, "cuda": {"error": "The worker holds the device; this process does not look at it."}}
    return JSONResponse(told, headers=FRESH)


@router.get("/cmd-flags", operation_id="a1111_cmd_flags")
def cmd_flags(request: Request) -> dict[str, Any]:
    """What clients ask it for: whether the API is on."""
    return {"api": True, "listen": bool(request.app.state.access.private), "nowebui": False, "api_server_stop": False}


@router.post("/refresh-checkpoints", operation_id="a1111_refresh_checkpoints")
@router.post("/refresh-vae", operation_id="a1111_refresh_vae")
@router.post("/refresh-loras", operation_id="a1111_refresh_loras")
@router.post("/refresh-embeddings", operation_id="a1111_refresh_embeddings")
async def refresh(studio: TheStudio) -> JSONResponse:
    """All folders are looked at."""
    await to_thread.run_sync(studio.library.refresh)
    return JSONResponse(None)


@router.post("/unload-checkpoint", operation_id="a1111_unload_checkpoint")
@router.post("/reload-checkpoint", operation_id="a1111_reload_checkpoint")
def nothing_to_do() -> dict[str, Any]:
    """The studio keeps and drops models by itself: others may be drawing with this one."""
    return {}


@router.post("/create/embedding", operation_id="a1111_create_embedding")
@router.post("/create/hypernetwork", operation_id="a1111_create_hypernetwork")
@router.post("/train/embedding", operation_id="a1111_train_embedding")
@router.post("/train/hypernetwork", operation_id="a1111_train_hypernetwork")
def not_trained_here(request: Request) -> dict[str, str]:
    return {"info": f"{' '.join(request.url.path.split('/')[-2:])} error: this {NOT_HERE}"}
