"""What lies beside the models: LoRAs, embeddings, ControlNets, image encoders, upscalers, restorers of faces, annotators and detectors as the list shows them, told from their headers and cards."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from engine.errors import AtelierError, ModelDamaged, Problem
from engine.library.card import read_card
from engine.library.control_kinds import control
from engine.library.detector_files import check_onnx
from engine.library.encoder_kinds import encoder
from engine.library.families.table import FAMILIES, NOT_YET
from engine.library.header import CONVERT, Header, read_header
from engine.library.licence import licence_of
from engine.library.lora.layers import WIDTHS, layers_of
from engine.library.pickles import check_pickle
from engine.library.upscaler_kinds import upscaler

Kind = Literal["lora", "embedding", "control", "encoder", "upscaler", "restorer", "annotator", "detector"]

PICKLES = (".ckpt", ".pt", ".pth", ".bin")
PICTURES = (".png", ".preview.png", ".jpg", ".jpeg", ".webp")
MOST_VECTORS = 75
MOST_TRIGGERS = 12
LARGEST_NOTES = 2**20
NOT_IN_NAMES = re.compile(r'[<>:,"\n{}|\\]')  # they end a name in a prompt or in a picture's text


@dataclass(frozen=True)
class Addition:
    """name: path below its folder, without suffix, with "/". word: what a prompt calls it; also: other names for it.

    width: of the words that it fits, 0 when it fits any; rank: of a LoRA; vectors: of an embedding; methods: a LoRA's, or
    which kind of control. triggers: what its
    maker says to write; tags: the most frequent in the captions that it learned from. sight: what an image encoder can say
    of a picture, and what an IP-Adapter asks of one.
    """

    name: str
    word: str
    path: Path
    kind: Kind
    size: int
    family: str | None = None
    width: int = 0
    rank: int = 0
    vectors: int = 0
    methods: tuple[str, ...] = ()
    sight: tuple[str, ...] = ()
    title: str = ""
    about: str = ""
    licence: str = ""
    licence_link: str = ""
    triggers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    weight: float | None = None
    also: tuple[str, ...] = ()
    picture: Path | None = None
    problem: Problem | None = None

    def told(self) -> dict[str, Any]:
        """JSON-ready; no paths."""
        facts = (
            "name",
            "word",
            "family",
            "width",
            "rank",
            "vectors",
            "methods",
            "size",
            "title",
            "about",
            "licence",
            "licence_link",
        )
        return {
            **{fact: getattr(self, fact) for fact in (*facts, "triggers", "tags", "weight", "also")},
            "picture": self.picture is not None,
            "problem": self.problem.model_dump() if self.problem else None,
        }


def describe(path: Path, name: str, kind: Kind) -> Addition:
    """Never raises for what is in the file: a problem is part of the answer."""
    name = NOT_IN_NAMES.sub("_", name)
    if kind == "control" and "/" in name:  # diffusers calls all alike, and puts them into folders
        name = re.sub(r"/diffusion_pytorch_model(?=$|\.fp16$|\.bf16$)", "", name)
    if kind == "encoder" and "/" in name:
        name = name.removesuffix("/model")
    word = name.rsplit("/", 1)[-1]
    if word in ("learned_embeds", "pytorch_lora_weights") and "/" in name:  # diffusers calls all alike
        word = name.split("/")[-2]
    found = Addition(name, word, path, kind, size_of(path), picture=picture_of(path))
    try:
        if path.suffix.lower() in PICKLES and kind in ("upscaler", "restorer", "annotator"):
            check_pickle(path)
            return found
        if kind == "detector":
            check_onnx(path)
            return found
        if path.suffix.lower() in PICKLES:
            raise ModelDamaged(
                "model.pickle",
                f"{path.name} is a pickle ({path.suffix}), a format that can run programs, and is not opened here.",
                CONVERT,
                file=path.name,
            )
        header = read_header(path)
        found = with_card(replace(found, **KINDS[kind](header)), header)
        if found.family and found.family not in FAMILIES:
            what = NOT_YET[found.family]
            raise ModelDamaged(
                "control.family" if kind == "control" else "lora.family",
                f"{path.name} is made for {what}, which is not supported yet.",
                "Use one for Stable Diffusion 1 or 2.",
                file=path.name,
                what=what,
            )
    except AtelierError as error:
        return replace(found, problem=error.problem)
    return found


def lora(header: Header) -> Mapping[str, Any]:
    found = layers_of(header)
    return {"family": found.family, "width": found.width, "rank": found.rank, "methods": found.methods}


def embedding(header: Header) -> Mapping[str, Any]:
    tensor = vectors_in(header)
    if tensor is None:
        if {"clip_l", "clip_g"} & header.tensors.keys():
            return {"family": "sdxl"}
        raise ModelDamaged(
            "embedding.kind",
            f"{header.name} is a safetensors file, but no embedding that is known here.",
            "Use a textual inversion for Stable Diffusion 1 or 2.",
            file=header.name,
        )
    shape = header.shape(tensor)
    count, width = (1, *shape)[-2:]
    if not 1 <= count <= MOST_VECTORS or not width:
        raise ModelDamaged(
            "embedding.size",
            f"{header.name} holds {count} vectors; a prompt's part has room for {MOST_VECTORS}.",
            "Use a smaller one.",
            file=header.name,
        )
    family = WIDTHS.get(width)
    token = header.metadata.get("token", "") or ("" if tensor == "emb_params" else tensor)
    return {"family": family, "width": width, "vectors": count, "also": (token,) if token.strip() else ()}


KINDS: Mapping[Kind, Callable[[Header], Mapping[str, Any]]] = {
    "lora": lora,
    "embedding": embedding,
    "control": control,
    "encoder": encoder,
    "upscaler": upscaler,
    "annotator": lambda header: {},  # its name says what it is
    "restorer": upscaler,
    "detector": lambda header: {},
}


def vectors_in(header: Header) -> str | None:
    """AUTOMATIC1111's `emb_params`, or the one tensor that diffusers saves, named by its token."""
    if "emb_params" in header.tensors:
        return "emb_params" if len(header.shape("emb_params")) in (1, 2) else None
    if len(header.tensors) != 1:
        return None
    (only,) = header.tensors
    return only if len(header.shape(only)) in (1, 2) else None


def with_card(found: Addition, header: Header) -> Addition:
    """Our card first, then AUTOMATIC1111's, then what the trainer noted."""
    card, notes, said = read_card(found.path), notes_of(found.path), header.metadata
    activation = str(notes.get("activation text") or "")
    triggers = card.triggers or cut(activation.split(",")) or cut([said.get("modelspec.trigger_phrase", "")])
    preferred = notes.get("preferred weight")
    name = said.get("ss_output_name", "")
    licence = licence_of(found.path, card.licence)
    also = (*found.also, *([name] if found.kind == "lora" and name and name != found.word else []))
    return replace(
        found,
        title=card.title or said.get("modelspec.title", "")[:200],
        about=card.about or str(notes.get("description") or "")[:4000],
        licence=licence.name,
        licence_link=licence.link,
        triggers=triggers,
        tags=tuple(tag for tag in frequent(said.get("ss_tag_frequency", "")) if tag not in triggers),
        weight=card.weight or (float(preferred) if isinstance(preferred, int | float) and preferred else None),
        also=tuple(NOT_IN_NAMES.sub("_", other)[:200] if found.kind == "lora" else other[:200] for other in also),
    )


def frequent(text: str) -> tuple[str, ...]:
    """kohya notes how often each tag stood in the captions of each folder."""
    try:
        folders = json.loads(text) if text else {}
        counted: dict[str, int] = {}
        for tags in folders.values():
            for tag, count in tags.items():
                counted[tag] = counted.get(tag, 0) + int(count)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ()
    return cut(sorted(counted, key=lambda tag: -counted[tag]))


def cut(words: Any) -> tuple[str, ...]:
    found = dict.fromkeys(str(word).strip()[:100] for word in words)
    return tuple(word for word in found if word)[:MOST_TRIGGERS]


def notes_of(path: Path) -> Mapping[str, Any]:
    """NAME.json, which AUTOMATIC1111 keeps beside a LoRA."""
    file = notes_file(path)
    try:
        if file.stat().st_size > LARGEST_NOTES:
            return {}
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def notes_file(path: Path) -> Path:
    return path.with_suffix(".json")


def picture_of(path: Path) -> Path | None:
    return next((file for ends in PICTURES if (file := path.with_suffix(ends)).is_file()), None)


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
