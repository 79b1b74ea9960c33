"""LoRAs, embeddings and ControlNets over HTTP: what is here at this moment, and a small picture of each."""

from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from api.answer import FRESH
from api.jobs import TheStudio

router = APIRouter(prefix="/api")
KINDS: dict[str, Literal["lora", "embedding", "control"]] = {
    "loras": "lora",
    "embeddings": "embedding",
    "controlnets": "control",
}
Named = Literal["loras", "embeddings", "controlnets"]


@router.get("/checkpoints")
def checkpoints(studio: TheStudio) -> JSONResponse:
    """The models that draw, with family, size, licence (`""` where none is stated), and the problem of an unusable one."""
    return JSONResponse({"checkpoints": studio.checkpoints()}, headers=FRESH)


@router.get("/loras")
def loras(studio: TheStudio) -> JSONResponse:
    """The folder is looked at anew for each answer; what cannot be used says why in `problem`."""
    return listed(studio.additions("lora"), "loras")


@router.get("/embeddings")
def embeddings(studio: TheStudio) -> JSONResponse:
    return listed(studio.additions("embedding"), "embeddings")


@router.get("/controlnets")
def controlnets(studio: TheStudio) -> JSONResponse:
    """T2I-Adapters among them; `methods` tells which."""
    return listed(studio.additions("control"), "controlnets")


@router.get("/detectors")
def detectors(studio: TheStudio) -> JSONResponse:
    """What the detailer finds regions by, and the restoring of faces its faces."""
    return JSONResponse({"detectors": studio.additions("detector")}, headers=FRESH)


@router.get("/restorers")
def restorers(studio: TheStudio) -> JSONResponse:
    """What restores faces."""
    return JSONResponse({"restorers": studio.additions("restorer")}, headers=FRESH)


@router.get("/{kind}/picture")
def picture(kind: Named, name: str, studio: TheStudio) -> Response:
    """NAME.png beside the file, small."""
    return Response(
        studio.addition_picture(KINDS[kind], name), media_type="image/webp", headers={"cache-control": "no-cache"}
    )


def listed(found: list[dict[str, Any]], kind: Named) -> JSONResponse:
    return JSONResponse({kind: found}, headers=FRESH)
