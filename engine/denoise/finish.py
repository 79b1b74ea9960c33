"""From a decoded drawing to the bytes of a file, and the proof of what was to stay: for threads beside the drawing one.

What somebody's rules hold back ends here: from here on there is only its veil.
"""

from dataclasses import dataclass

from PIL import Image

from engine.denoise.sources import Ending
from engine.held import Held
from engine.metadata.write import encode
from engine.picture.fit import on_paper
from engine.picture.veil import Judge, kept
from engine.provenance.mark import Mark
from engine.request.parts import Output
from engine.restore_text import with_steps


@dataclass(frozen=True)
class Finished:
    """outside: bytes that differ from the source's where nothing was to change, as read back from the file; None where
    there was no mask, or where the picture was held back."""

    file: bytes
    infotext: str
    outside: int | None = None
    held: Held | None = None


def finish(
    drawn: Image.Image, ending: Ending | None, infotext: str, output: Output, mark: Mark, judge: Judge | None = None
) -> Finished:
    """judge: who looks at it as it would be kept; None where nobody does."""
    made, held = kept(drawn if ending is None else ending.finished(drawn), judge)
    if held:
        infotext, ending = with_steps(infotext, held.told), None
    if output.format == "JPEG":
        made = on_paper(made)
    encoded = encode(made, infotext, output.format, output.quality, source=mark.source)
    file = mark.on(encoded)
    return Finished(file, infotext, None if ending is None else ending.differing(file), held)
