"""From a picture's bytes to the settings that drew it, whichever tool wrote them."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.errors import BadRequest
from engine.infotext import Reading, Text, understand
from engine.metadata import automatic, comfy, drawthings, easy, fooocus, invoke, novelai, swarm
from engine.picture.open import header
from engine.picture.texts import texts_of
from engine.request.schema import PARAMETERS

Reader = Callable[[Mapping[str, str]], Text | None]
# The first that finds something is believed: a file may carry several tools' texts, the more telling ones come first.
READERS: tuple[Reader, ...] = (
    swarm.find,
    fooocus.find,
    automatic.find,
    invoke.find,
    novelai.find,
    comfy.find,
    easy.find,
    drawthings.find,
    automatic.find_prompt,
)
AFTERWARDS = {"postprocessing": "Postprocessing", "extras": "Postprocessing"}  # AUTOMATIC1111's extras tab
# What a tool does not mention was at its default: else the form's own eta or emphasis would change the picture.
IMPLIED: dict[str, Any] = {
    name: known.default
    for name, known in PARAMETERS.items()
    if known.part in ("tuning", "noise", "hires") or (known.part == "words" and name != "prompt") or name == "clip_skip"
}
LONGEST_LEFTOVER, MOST_LEFTOVERS = 2000, 100
LONGEST = {"Prompt": 200_000, "Negative prompt": 200_000}  # the gallery finds them whole, though none can be drawn


def read(data: bytes) -> Reading:
    """Raises BadRequest, in words, for what is no picture and for a picture that says nothing."""
    reading = settings_of(data)
    if reading is None:
        raise BadRequest(
            "settings.none", "This picture carries no settings.", "Choose a picture that a studio has made."
        )
    return reading


def read_text(text: str) -> Reading:
    """What an AUTOMATIC1111-like program wrote, without the picture."""
    return bounded(understand(automatic.find({"parameters": text}) or Text(text)))


def settings_of(data: bytes) -> Reading | None:
    """None when there are none. Raises BadRequest for what is no picture, and for texts too long to be settings."""
    texts = texts_of(data)
    text = next((found for reader in READERS if (found := reader(texts.found))), None)
    if text is None or not (text.prompt or text.pairs):
        if texts.large:
            raise BadRequest(
                "settings.large",
                "The text in this picture is longer than any settings are.",
                "Open it in the tool that made it, and copy the prompt.",
            )
        header(data)  # says it when this is no picture at all
        return None
    for place, key in AFTERWARDS.items():
        if place in texts.found:
            text.pairs.setdefault(key, texts.found[place])
    return bounded(understand(text))


def bounded(reading: Reading) -> Reading:
    """Defaults where nothing is said, and leftovers that a page can show."""
    values = {**IMPLIED, **reading.values} if "steps" in reading.values else reading.values
    shown = {
        key[:100]: shorten(value, LONGEST.get(key, LONGEST_LEFTOVER))
        for key, value in list(reading.leftovers.items())[:MOST_LEFTOVERS]
    }
    if (more := len(reading.leftovers) - len(shown)) > 0:
        shown["…"] = str(more)
    return Reading(values, shown, reading.tool[:100])


def shorten(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
