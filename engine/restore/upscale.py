"""One upscale step: through a network as often as it takes, then exactly to the size that was asked for."""

from PIL import Image

from engine.library.load_upscaler import LoadedUpscaler
from engine.picture.steps.planes import Work
from engine.picture.steps.resize import Size, scaled, target
from engine.request.restoring import Upscale
from engine.restore.tiled import through

MOST_TIMES = 3  # as AUTOMATIC1111


def upscale(picture: Image.Image, asked: Upscale, network: LoadedUpscaler | None) -> Work[Image.Image]:
    """network: of `asked`; None for what needs none."""
    yield 0.0
    size = target(picture.size, asked)
    grown = picture if network is None else (yield from grow(picture, size, network))
    return scaled(grown, asked, size)


def grow(picture: Image.Image, size: Size, network: LoadedUpscaler) -> Work[Image.Image]:
    """At least to `size`, if the network makes larger; one that only cleans is asked once."""
    grown = picture
    for turn in range(MOST_TIMES if network.scale > 1 else 1):
        enough = grown.width >= size[0] and grown.height >= size[1]
        if enough and (network.scale > 1 or turn):
            break
        grown = yield from through(network, grown)
    return grown
