"""GenerationRequest: everything a person can ask of one drawing job."""

from collections.abc import Sequence
from typing import Any, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from engine.request.control import Control, ControlUnit
from engine.request.detailer import Detailer
from engine.request.hires import Hires
from engine.request.parts import Canvas, Model, Noise, Output, Part, Sampling, Spent, Tuning, Words
from engine.request.starts import FromNoise, FromPicture, Start, WithPicture


class GenerationRequest(Part):
    """Frozen. `resolve` (engine/resolve.py) turns what was asked into what is drawn; neither is ever changed."""

    words: Words = Words()
    spent: Spent = Spent()
    model: Model = Model()
    canvas: Canvas = Canvas()
    sampling: Sampling = Sampling()
    tuning: Tuning = Tuning()
    noise: Noise = Noise()
    hires: Hires = Hires()
    detailer: Detailer = Detailer()
    output: Output = Output()
    start: Start = FromNoise()
    control: Control = ()

    @model_validator(mode="after")
    def one_way_to_begin(self) -> Self:
        if self.hires != Hires() and not isinstance(self.start, FromNoise):
            raise PydanticCustomError("hires.start", "a second pass follows text to image only")
        return self

    def with_(self, **parts: dict[str, Any]) -> Self:
        """A copy with some values changed, part by part: `request.with_(sampling={"seed": 7})`; values are validated."""
        data = self.model_dump()
        for part, values in parts.items():
            data[part] = {**data[part], **values}
        return type(self).model_validate(data)

    def with_units(self, units: Sequence[ControlUnit]) -> Self:
        """A copy with other control units."""
        return type(self).model_validate({**self.model_dump(), "control": units})

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels of a resolved request."""
        width, height = self.canvas.width, self.canvas.height
        if width is None or height is None:
            raise ValueError("an unresolved request has no size")
        return width, height

    @property
    def loops(self) -> int:
        """How often each picture is drawn, each time over the result of the time before."""
        return self.start.loops if isinstance(self.start, FromPicture) else 1

    @property
    def image_guidance(self) -> float | None:
        """Of a resolved request: what an instruct model takes, None for every other."""
        return self.start.image_guidance if isinstance(self.start, WithPicture) else None

    def picture(self, index: int) -> Self:
        """The request of the job's picture `index` (from 0) alone: one picture, its own seed and its own words.

        While a variation is mixed in, it is the variation's seed that counts up, as in AUTOMATIC1111.
        """
        if self.noise.variation_strength > 0:
            seeds: dict[str, Any] = {"noise": {"variation_seed": (self.noise.variation_seed + index) % 2**64}}
        else:
            seeds = {"sampling": {"seed": (self.sampling.seed + index) % 2**64}}
        own = zip(("prompt", "negative_prompt"), (self.spent.prompts, self.spent.negative_prompts), strict=True)
        words = {name: texts[index] for name, texts in own if index < len(texts)}
        spent = {"prompts": (), "negative_prompts": ()}
        return self.with_(**seeds, words=words, spent=spent, output={"count": 1})
