"""Steps of restoring in a picture's text, as AUTOMATIC1111's tab "Extras" writes them where it has them."""

from collections.abc import Iterable

from engine.infotext import quote, settings_line
from engine.request.restoring import Faces, Step, Upscale

PREFIX = "Postprocess"
RESTORERS = ("GFPGAN", "RestoreFormer")


def told(steps: Iterable[Step]) -> str:
    """The pairs, in the order of the steps: "Postprocess upscale by: 2, Postprocess upscaler: Lanczos, ..."."""
    pairs: list[str] = []
    for step in steps:
        if isinstance(step, Upscale):
            pairs += [f"{key}: {quote(value)}" for key, value in of_upscale(step)]
        elif isinstance(step, Faces):
            pairs += [f"{key}: {quote(value)}" for key, value in of_faces(step)]
        else:
            values = {name: value for name, value in step.model_dump().items() if name != "kind" and value is not None}
            said = ", ".join(f"{name}: {value}" for name, value in values.items())
            pairs.append(f"{PREFIX} {step.kind}: {quote(said)}")
    return ", ".join(pairs)


def of_upscale(step: Upscale) -> Iterable[tuple[str, object]]:
    if step.width or step.height:
        yield f"{PREFIX} upscale to", f"{step.width or 0}x{step.height or 0}"
        if step.width and step.height and not step.crop:
            yield f"{PREFIX} crop to", False
    else:
        yield f"{PREFIX} upscale by", step.factor
    yield f"{PREFIX} upscaler", step.upscaler
    if step.upscaler_hash:
        yield f"{PREFIX} upscaler hash", step.upscaler_hash


def of_faces(step: Faces) -> Iterable[tuple[str, object]]:
    """AUTOMATIC1111 tells only how visible which kind is; here the file's name says which kind."""
    kind = next((one for one in RESTORERS if one.casefold() in step.restorer.casefold()), "face restorer")
    yield f"{PREFIX} {kind} visibility", round(step.visibility, 3)
    yield f"{PREFIX} face restorer", step.restorer
    yield f"{PREFIX} face restorer hash", step.restorer_hash
    yield f"{PREFIX} face detector", step.detector
    yield f"{PREFIX} face detector hash", step.detector_hash


def with_steps(text: str, pairs: str) -> str:
    """A picture's text with the steps at the end of its line of settings; a text without settings stays as it is."""
    lines = text.strip().split("\n")
    at, _ = settings_line(lines)
    if at is None:
        return text
    lines[at] = f"{lines[at].rstrip(' ,')}, {pairs}"
    return "\n".join(lines)
