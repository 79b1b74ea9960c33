"""LoRAs and embeddings over HTTP: what is here at this moment, and a small picture of each."""

from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from api.answer import FRESH
from api.jobs import TheStudio

router = APIRouter(prefix="/api")
KINDS: dict[str, Literal["lora", "embedding"]] = {"loras": "lora", "embeddings": "embedding"}
Named = Literal["loras", "embeddings"]


@router.get("/loras")
def loras(studio: TheStudio) -> JSONResponse:
    """The folder is looked at anew for each answer; what cannot be used says why in `problem`."""
    return listed(studio.additions("lora"), "loras")


@router.get("/embeddings")
def embeddings(studio: TheStudio) -> JSONResponse:
    return listed(studio.additions("embedding"), "embeddings")


@router.get("/{kind}/picture")
def picture(kind: Named, name: str, studio: TheStudio) -> Response:
    """NAME.png beside the file, small."""
    return Response(
        studio.addition_picture(KINDS[kind], name), media_type="image/webp", headers={"cache-control": "no-cache"}
    )


def listed(found: list[dict[str, Any]], kind: Named) -> JSONResponse:
    return JSONResponse({kind: found}, headers=FRESH)
