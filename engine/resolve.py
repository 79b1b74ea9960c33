"""From what was asked to what is drawn: seed drawn, words spent, model named by hash; nothing left to chance."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from engine import additions
from engine.additions import Shelves
from engine.errors import BadRequest
from engine.prompt.lexicon import Lexicon
from engine.prompt.spend import spend
from engine.request.generation import GenerationRequest
from engine.request.hires import LARGEST, Hires
from engine.request.parts import Sampling, Tuning
from engine.request.samplers import FACTS
from engine.request.starts import IMAGE_GUIDANCE, FromNoise

LONGEST = 1000  # steps of a table: Stable Diffusion learned as many levels of noise
LOWEST = 0.03  # sigma where Stable Diffusion's table begins, rounded up


class Checkpoint(Protocol):
    """What resolving must know of a model file."""

    @property
    def name(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def words(self) -> int: ...
    @property
    def instructs(self) -> bool: ...


C = TypeVar("C", bound=Checkpoint)


class Checkpoints(Shelves, Protocol[C]):
    """The library's side of resolving: engine.library.scan.Library."""

    def find(self, wanted: str) -> C: ...
    def hash_of(self, model: C) -> str: ...


NO_WORDS = Lexicon.of(Path("/nowhere"))


def draw_seed() -> int:
    """A seed as AUTOMATIC1111 draws them: below 2^32 - 2."""
    return secrets.randbelow(4294967294)


def resolve(
    request: GenerationRequest,
    library: Checkpoints[C],
    draw_seed: Callable[[], int] = draw_seed,
    lexicon: Lexicon = NO_WORDS,
) -> GenerationRequest:
    """lexicon: the styles and wildcards that prompts may name.

    A resolved request resolves to itself. Raises BadRequest when the model or a combination is not to be had."""
    facts = FACTS[request.sampling.sampler]
    if request.sampling.steps > facts.max_steps:
        raise BadRequest(
            "steps.sampler",
            f"{request.sampling.sampler} draws in at most {facts.max_steps} steps.",
            f"Choose {facts.max_steps} steps or fewer, or another sampler.",
            field="steps",
            sampler=request.sampling.sampler,
            most=facts.max_steps,
        )
    check_limits(request.tuning)
    check_hires(request.hires, request.sampling)
    model = find(request, library)
    seed = request.sampling.seed
    settled = shown_picture(request, model).with_(
        model={"checkpoint": model.name, "checkpoint_hash": library.hash_of(model)},
        canvas={"width": request.canvas.width or model.width, "height": request.canvas.height or model.height},
        sampling={"seed": draw_seed() if seed < 0 else seed},
        noise={"variation_seed": variation_seed(request, draw_seed)},
    )
    settled = additions.settled_upscaler(settled, library.upscalers)
    settled = additions.settled_detector(settled, library.detectors)
    check_large(settled)
    settled = additions.settled_units(settled, library.controls, library.encoders, model.words, model.name)
    return additions.settled(spend(settled, lexicon), library.loras, library.embeddings, model.words, model.name)


def shown_picture(request: GenerationRequest, model: Checkpoint) -> GenerationRequest:
    """With the second guidance that an instruct model takes, and that no other does."""
    if isinstance(request.start, FromNoise):
        if model.instructs:
            raise BadRequest(
                "instruct.start",
                f"{model.name} changes a picture as it is told; text to image gives it none.",
                "Begin with a picture (Image to image), or choose another model.",
                field="checkpoint",
                name=model.name,
            )
        return request
    asked = request.start.image_guidance
    usual = IMAGE_GUIDANCE if asked is None else asked
    return request.with_(start={"image_guidance": usual if model.instructs else None})


def check_limits(tuning: Tuning) -> None:
    """What a sampler does not take it passes over, as in AUTOMATIC1111; what no schedule can walk is refused."""
    low, high = tuning.sigma_min, tuning.sigma_max
    if high and high <= max(low, LOWEST):
        raise BadRequest(
            "sigma.limits",
            f"The highest sigma, {high:g}, is not above the lowest, {low or LOWEST:g}.",
            "Raise the highest sigma, or set it to 0 for the model's own.",
            field="sigma_max",
            high=high,
            low=low or LOWEST,
        )


def check_hires(hires: Hires, sampling: Sampling) -> None:
    """The second pass draws the last steps of a longer table, and tables have an end."""
    facts = FACTS[sampling.sampler]
    most = min(LONGEST, facts.max_steps) if facts.max_steps < 150 else LONGEST
    if hires.on and hires.schedule(sampling.steps) > most:
        steps = hires.steps(sampling.steps)
        raise BadRequest(
            "hires.steps",
            f"With a strength of {hires.hires_strength:g}, {sampling.sampler} draws at most"
            f" {int(most * hires.hires_strength)} steps in a second pass, not {steps}.",
            "Choose fewer hires steps, or more strength.",
            field="hires_steps",
            strength=hires.hires_strength,
            sampler=sampling.sampler,
            most=int(most * hires.hires_strength),
            steps=steps,
        )


def check_large(request: GenerationRequest) -> None:
    if not request.hires.on:
        return
    width, height = request.hires.size(request.size)
    if max(width, height) > LARGEST:
        raise BadRequest(
            "hires.large",
            f"The second pass would draw {width} x {height} pixels; {LARGEST} a side are the most.",
            "Choose a smaller factor, or restore the picture with an upscaler afterwards.",
            field="hires_scale",
            width=width,
            height=height,
            most=LARGEST,
        )


def variation_seed(request: GenerationRequest, draw_seed: Callable[[], int]) -> int:
    """Drawn only where it is mixed in."""
    mixed, seed = request.noise.variation_strength > 0, request.noise.variation_seed
    return draw_seed() if mixed and seed < 0 else seed


def find(request: GenerationRequest, library: Checkpoints[C]) -> C:
    """The hash decides; a name alone finds the file of that name."""
    wanted, digest = request.model.checkpoint, request.model.checkpoint_hash
    if not digest:
        return library.find(wanted)
    if wanted:
        try:
            named = library.find(wanted)
        except BadRequest:
            named = None  # renamed, perhaps: the hash finds it
        if named is not None and library.hash_of(named) == digest:
            return named
    try:
        found = library.find(digest)
    except BadRequest:
        found = None
    if found is None or library.hash_of(found) != digest:  # a file may be called like a hash
        raise BadRequest(
            "checkpoint.hash",
            f"The model {wanted or 'asked for'} [{digest}] is not here.",
            "Add that file to models/checkpoints, or clear the model hash to draw with another version.",
            field="checkpoint",
            name=wanted,
            hash=digest,
        )
    return found
