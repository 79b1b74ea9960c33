"""From a decoded drawing to the bytes of a file, and the proof of what was to stay: for threads beside the drawing one."""

from dataclasses import dataclass

from PIL import Image

from engine.denoise.sources import Ending
from engine.metadata.write import encode
from engine.picture.fit import on_paper
from engine.provenance.mark import Mark
from engine.request.parts import Output


@dataclass(frozen=True)
class Finished:
    """outside: bytes that differ from the source's where nothing was to change, as read back from the file; None where
    there was no mask."""

    file: bytes
    outside: int | None = None


def finish(drawn: Image.Image, ending: Ending | None, infotext: str, output: Output, mark: Mark) -> Finished:
    made = drawn if ending is None else ending.finished(drawn)
    if output.format == "JPEG":
        made = on_paper(made)
    encoded = encode(made, infotext, output.format, output.quality, source=mark.source)
    file = mark.on(encoded)
    return Finished(file, None if ending is None else ending.differing(file))
