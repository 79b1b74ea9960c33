"""What a request adds to its model: LoRAs and embeddings that its words name, and ControlNets, each settled by its hash."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from engine import control_text
from engine.errors import AtelierError, BadRequest, Problem
from engine.prompt import networks
from engine.prompt.words import Words
from engine.request.control import ControlUnit
from engine.request.generation import GenerationRequest
from engine.request.upscalers import EVERYWHERE


class Addition(Protocol):
    """What is asked of a file: engine.library.addition.Addition."""

    @property
    def name(self) -> str: ...
    @property
    def word(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def vectors(self) -> int: ...
    @property
    def methods(self) -> tuple[str, ...]: ...
    @property
    def sight(self) -> tuple[str, ...]: ...
    @property
    def problem(self) -> Problem | None: ...


A = TypeVar("A", bound=Addition)


class Shelf(Protocol[A]):
    """What is asked of those of one kind: engine.library.shelf.Shelf."""

    def all(self) -> Sequence[A]: ...
    def refresh(self) -> None: ...
    def find(self, wanted: str) -> A: ...
    def with_hash(self, digest: str, name: str = "") -> A | None: ...
    def hash_of(self, addition: A) -> str: ...
    def words(self) -> Mapping[str, A]: ...


class Shelves(Protocol):
    """What is asked of the library for them: engine.library.scan.Library."""

    @property
    def loras(self) -> Shelf[Any]: ...
    @property
    def embeddings(self) -> Shelf[Any]: ...
    @property
    def controls(self) -> Shelf[Any]: ...
    @property
    def encoders(self) -> Shelf[Any]: ...
    @property
    def upscalers(self) -> Shelf[Any]: ...
    @property
    def restorers(self) -> Shelf[Any]: ...
    @property
    def detectors(self) -> Shelf[Any]: ...


def settled(
    request: GenerationRequest, loras: Shelf[A], embeddings: Shelf[A], width: int, model: str
) -> GenerationRequest:
    """width: of the words that the model reads, 0 when it is not known."""
    prompts, negatives = texts(request)
    known = networks.hashes(request.spent.lora_hashes)
    chosen: dict[str, str] = {}
    for name in dict.fromkeys(wanted.name for prompt in prompts for wanted in networks.loras(prompt)):
        found = here(loras, name, known.get(networks.bare(name), ""), "LoRA", "prompt")
        fits(found, name, "LoRA", "prompt", width, model)
        chosen[networks.bare(name)] = loras.hash_of(found)
    vectors = settled_words(request, embeddings, prompts, negatives, width, model)
    told = {"lora_hashes": networks.noted(chosen), "embedding_hashes": networks.noted(vectors)}
    return request.with_(spent=told)


def settled_units(
    request: GenerationRequest, controls: Shelf[A], encoders: Shelf[A], width: int, model: str
) -> GenerationRequest:
    """Each unit's ControlNet by its hash, and the starting picture where it has none of its own."""
    if not request.control:
        return request
    units = []
    for at, unit in enumerate(request.control):
        name, digest = control_text.name_of(unit.model)
        field = f"control.{at}.model"
        found = here(controls, name, unit.model_hash or digest, "ControlNet", field)
        fits(found, name, "ControlNet", field, width, model)
        picture = unit.picture or getattr(request.start, "picture", "")
        if not picture:
            raise BadRequest(
                "control.picture",
                f"Control unit {at + 1} has no picture.",
                "Give it one, or start from a picture: then that is taken.",
                field=f"control.{at}.picture",
                unit=at + 1,
            )
        told = {"model": found.name, "model_hash": controls.hash_of(found), "picture": picture}
        told |= by_sight(unit, at, found, encoders) if "IP-Adapter" in found.methods else {"encoder_hash": ""}
        units.append({**unit.model_dump(), **told})
    return request.with_units(units)


def by_sight(unit: ControlUnit, at: int, found: Addition, encoders: Shelf[A]) -> dict[str, Any]:
    """Of an IP-Adapter: the image encoder that it sees through. It takes the picture as it is, so what says how a map is
    made says nothing, and stands as if nobody had said it."""
    if unit.preprocessor != "none":
        raise BadRequest(
            "control.sight",
            f"Control unit {at + 1}: the IP-Adapter '{found.name}' sees the picture itself, not what {unit.preprocessor} makes"
            " of it.",
            "Take the preprocessor away.",
            field=f"control.{at}.preprocessor",
            unit=at + 1,
            name=found.name,
            preprocessor=unit.preprocessor,
        )
    chosen = encoder_of(found, unit.encoder_hash, encoders, f"control.{at}.model")
    unsaid = ("resize_mode", "resolution", "threshold_a", "threshold_b", "pixel_perfect", "mode")
    usual = {name: ControlUnit.model_fields[name].default for name in unsaid}
    return {**usual, "encoder_hash": encoders.hash_of(chosen)}


def encoder_of(found: Addition, digest: str, encoders: Shelf[A], field: str) -> A:
    """The hash decides; without one it is the first that sees what is asked for."""
    if digest:
        return here(encoders, "CLIP vision", digest, "image encoder", field)
    for looked in (False, True):
        if looked:
            encoders.refresh()
        for one in encoders.all():
            if one.problem is None and set(found.sight) <= set(one.sight):
                return one
    raise BadRequest(
        "control.encoder",
        f"The image encoder (CLIP vision) that the IP-Adapter '{found.name}' sees through is not here.",
        "Put its model.safetensors into models/clip_vision: for most of them CLIP-ViT-H-14.",
        field=field,
        name=found.name,
    )


def settled_upscaler(request: GenerationRequest, upscalers: Shelf[A]) -> GenerationRequest:
    """The second pass's, where it is a file, by its name and its hash."""
    name, digest = request.hires.hires_upscaler, request.spent.hires_upscaler_hash
    if not request.hires.on or name in EVERYWHERE:
        return request.with_(spent={"hires_upscaler_hash": ""})
    found = here(upscalers, name, digest, "upscaler", "hires_upscaler")
    told = {"hires_upscaler_hash": upscalers.hash_of(found)}
    return request.with_(hires={"hires_upscaler": found.name}, spent=told)


def settled_detector(request: GenerationRequest, detectors: Shelf[A]) -> GenerationRequest:
    """The detailer's, by its name and its hash, and that its words can be drawn."""
    asked = request.detailer
    if not asked.on:
        return request.with_(spent={"detailer_hash": ""})
    for field in ("detailer_prompt", "detailer_negative_prompt"):
        if networks.take_out(getattr(asked, field))[1]:
            raise BadRequest(
                "detailer.lora",
                "The detailer's prompts name an extra network; regions wear what the whole picture wears.",
                "Name it in the prompt.",
                field=field,
            )
    if asked.detailer_only and request.start.kind != "picture":
        raise BadRequest(
            "detailer.only",
            "Only detail leaves a starting picture as it is, and there is none.",
            "Start from a picture, or turn it off.",
            field="detailer_only",
        )
    found = here(detectors, asked.detailer_model, request.spent.detailer_hash, "detector", "detailer_model")
    told = {"detailer_hash": detectors.hash_of(found)}
    return request.with_(detailer={"detailer_model": found.name}, spent=told)


def settled_words(
    request: GenerationRequest,
    embeddings: Shelf[A],
    prompts: Sequence[str],
    negatives: Sequence[str],
    width: int,
    model: str,
) -> dict[str, str]:
    known = networks.hashes(request.spent.embedding_hashes)
    all_words = embeddings.words()
    by_word = {word.casefold(): addition for word, addition in all_words.items()}
    words = Words(dict.fromkeys([*all_words, *known], 1))
    written = {word.casefold(): word for word in (*known, *all_words)}
    noted = {word.casefold(): digest for word, digest in known.items()}
    chosen: dict[str, str] = {}
    for field, said in (("prompt", prompts), ("negative_prompt", negatives)):
        for text in said:
            for word in words.within(networks.take_out(text)[0] if field == "prompt" else text):
                digest = noted.get(word, "")
                found = by_word.get(word)
                if found is None or (digest and embeddings.hash_of(found) != digest):
                    found = here(embeddings, written[word], digest, "embedding", field)
                fits(found, written[word], "embedding", field, width, model)
                chosen[written[word]] = embeddings.hash_of(found)
    return chosen


def check(field: str, text: str, loras: Shelf[A], embeddings: Shelf[A], width: int, model: str) -> None:
    """Raises what settling this text would, without reading a file for its hash."""
    if field == "prompt":
        for wanted in networks.loras(text):
            fits(here(loras, wanted.name, "", "LoRA", field), wanted.name, "LoRA", field, width, model)
    found = embeddings.words()
    by_word = {word.casefold(): addition for word, addition in found.items()}
    for word in Words(dict.fromkeys(found, 1)).within(networks.take_out(text)[0] if field == "prompt" else text):
        fits(by_word[word], word, "embedding", field, width, model)


def texts(request: GenerationRequest) -> tuple[list[str], list[str]]:
    """All that is said for any of its pictures: the prompts, and the negative ones."""
    words, spent = request.words, request.spent
    return [words.prompt, *spent.prompts], [words.negative_prompt, *spent.negative_prompts]


def own(request: GenerationRequest) -> GenerationRequest:
    """Of one picture: with the hashes of what it names itself."""
    prompts, negatives = texts(request)
    named = {networks.bare(wanted.name) for prompt in prompts for wanted in networks.loras(prompt)}
    loras = {name: digest for name, digest in networks.hashes(request.spent.lora_hashes).items() if name in named}
    known = networks.hashes(request.spent.embedding_hashes)
    words = Words(dict.fromkeys(known, 1))
    said = {word for text in (*[networks.take_out(p)[0] for p in prompts], *negatives) for word in words.within(text)}
    vectors = {word: digest for word, digest in known.items() if word.casefold() in said}
    return request.with_(spent={"lora_hashes": networks.noted(loras), "embedding_hashes": networks.noted(vectors)})


def here(shelf: Shelf[A], name: str, digest: str, label: str, field: str) -> A:
    """The hash decides; a name alone finds the file of that name."""
    try:
        if not digest:
            return shelf.find(name)
        found = None
        with suppress(AtelierError):  # renamed, perhaps: the hash finds it
            found = shelf.find(name)
        if found is None or shelf.hash_of(found) != digest:
            found = shelf.with_hash(digest, name)
        if found is None:
            raise BadRequest(
                "addition.hash",
                f"The {label} {name} [{digest}] is not here.",
                "Add that file, or clear its hash to draw with another version.",
                name=name,
                hash=digest,
            )
        return found
    except AtelierError as error:
        error.problem = error.problem.model_copy(update={"field": field})
        raise


def fits(found: Addition, name: str, label: str, field: str, width: int, model: str) -> None:
    if width and found.width and width != found.width:
        raise BadRequest(
            "addition.width",
            f"The {label} '{name}' is made for another kind of model: it reads words of {found.width} numbers, {model} of"
            f" {width}.",
            f"Choose another {label} or another model.",
            field=field,
            name=name,
            model=model,
        )
