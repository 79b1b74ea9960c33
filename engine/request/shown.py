"""How a parameter appears outside: in the picture's text and in AUTOMATIC1111's API."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """Attach to a field: `Annotated[int, Field(...), Shown(infotext="Steps", a1111="steps")]`.

    infotext: the key in the PNG text; None for what is written in another way (the prompt, the size).
    step: the smallest sensible change, for sliders.
    """

    infotext: str | None = None
    a1111: str | None = None
    step: float | None = None
