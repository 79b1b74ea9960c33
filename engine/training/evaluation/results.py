"""What an evaluation is asked and what it finds, as metrics.json keeps it; read without torch."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.request.parts import LONGEST_PROMPT
from engine.request.samplers import SamplerName

Better = Literal["higher", "lower"]
ExtractorName = Literal["auto", "inception", "clip", "vae", "random"]
FILE = "metrics.json"


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Evaluation(Frozen):
    """Pictures are drawn for prompts[i % len(prompts)] with the seed `seed + i`, the same for every checkpoint."""

    checkpoints: Annotated[tuple[str, ...], Field(min_length=1, max_length=8)]
    prompts: Annotated[tuple[Annotated[str, Field(max_length=LONGEST_PROMPT)], ...], Field(min_length=1)]
    real: str = ""  # a folder; empty compares with nothing
    n: Annotated[int, Field(ge=1, le=100_000)] = 256
    seed: Annotated[int, Field(ge=0, le=2**64 - 1)] = 1
    steps: Annotated[int, Field(ge=1, le=150)] = 20
    sampler: SamplerName = "DPM++ 2M"
    guidance: Annotated[float, Field(ge=1, le=30)] = 5.0
    negative: Annotated[str, Field(max_length=LONGEST_PROMPT)] = ""
    size: Annotated[int, Field(ge=64, le=2048, multiple_of=8)] | None = None  # None: the model's own
    extractor: ExtractorName = "auto"


FEW = "{n} pictures are too few for {width} features: the covariance has no full rank."


class Metric(Frozen):
    """spread: KID's standard deviation over subsets, the CLIP score's standard error. n, real: pictures that were
    compared. weak: why the value says little, or nothing."""

    key: str
    label: str
    value: float
    spread: float | None = None
    better: Better
    weak: str = ""
    extractor: str
    hash: str
    width: int
    n: int
    real: int


class Neighbour(Frozen):
    """Of the sample with this number. distance: 1 is as far as real pictures are from each other (median)."""

    sample: int
    file: str
    distance: float


class Judged(Frozen):
    """pictures: names of files below the folder of the evaluation, one for each number."""

    name: str
    hash: str
    metrics: tuple[Metric, ...]
    nearest: tuple[Neighbour, ...]
    pictures: tuple[str, ...]
    seconds: float | None  # of drawing one; None when they lay there already


class Results(Frozen):
    """real_hash: of the bytes of all real pictures; made: ISO time; versions: of what computed it."""

    version: int = 1
    asked: Evaluation
    made: str
    device: str
    dtype: str
    size: tuple[int, int]
    real: int
    real_hash: str
    judged: tuple[Judged, ...]
    versions: dict[str, str]


Step = Literal["looking", "loading", "drawing", "comparing"]


class Doing(Frozen):
    """model: which checkpoint; "" for the real pictures."""

    kind: Literal["doing"] = "doing"
    doing: Step
    model: str = ""
    done: int = 0
    of: int = 0


class Done(Frozen):
    """The last event; its results lie in metrics.json as well."""

    kind: Literal["done"] = "done"
    results: Results


def read_results(folder: Path) -> Results | None:
    try:
        return Results.model_validate_json((folder / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
