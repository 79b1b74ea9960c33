"""Pictures while a model is trained or judged: the same prompts and seeds each time, drawn by the studio's own loop."""

import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from PIL import Image
from torch import Tensor

from engine.denoise import device as devices
from engine.denoise import loop
from engine.denoise.control import units_of
from engine.denoise.decode import decode
from engine.denoise.sources import Sources
from engine.denoise.work import conditioning, picture
from engine.library.load import LoadedModel
from engine.library.load_control import LoadedControl
from engine.metadata.xmp import in_png
from engine.picture.inputs import put_input
from engine.request import read as requests
from engine.request.generation import GenerationRequest
from engine.request.training import TrainingRequest
from engine.training.trainer import Trainer


def drawn(
    model: LoadedModel, request: TrainingRequest, trainer: Trainer, maps: Sequence[Tensor] = ()
) -> list[Image.Image]:
    """With what was learned so far. maps: (3, height, width) in 0..1, which the samples of a ControlNet follow in turn."""
    with trainer.averaged(), trainer.learner.knowing():
        follower = trainer.learner.follower() if maps else None
        if follower is None:
            return draw(model, request, trainer.learner.said)
        with tempfile.TemporaryDirectory() as folder:
            units = [
                {"picture": put_input(Path(folder), png(map_)), "model": follower.name, "model_hash": follower.hash}
                for map_ in maps
            ]
            return draw(model, request, trainer.learner.said, units, {follower.hash: follower}, Path(folder))


def seen(map_: Tensor) -> Image.Image:
    return Image.fromarray((map_ * 255).round().byte().permute(1, 2, 0).cpu().numpy())


def png(map_: Tensor) -> bytes:
    file = io.BytesIO()
    seen(map_).save(file, "PNG")
    return file.getvalue()


def followed(maps: Sequence[Tensor], count: int) -> list[Image.Image]:
    """What each of `count` samples follows: the maps in turn, as `drawn` takes them; nothing where there are none."""
    return [seen(maps[index % len(maps)]) for index in range(count)] if maps else []


def draw(
    model: LoadedModel,
    request: TrainingRequest,
    said: Callable[[str], str] = str,
    units: Sequence[dict[str, str]] = (),
    controls: Mapping[str, LoadedControl] = MappingProxyType({}),
    inputs: Path = Path(),
) -> list[Image.Image]:
    """One picture for each sample prompt, together. said: a prompt as the tokenizer must read it; units: of control, one
    for each picture, from the first again where there are fewer."""
    asked = request.samples
    size = min(request.data.resolution, 2048)
    wanted = [
        requests.read(
            {
                "prompt": said(prompt),
                "negative_prompt": said(asked.negative),
                "seed": (asked.sample_seed + index) % 2**64,
                "sampler": asked.sampler,
                "steps": asked.steps,
                "guidance": asked.guidance,
                "width": size,
                "height": size,
                "clip_skip": request.base.clip_skip,
                **({"control": [units[index % len(units)]]} if units else {}),
            }
        )
        for index, prompt in enumerate(asked.prompts)
    ]
    return together(model, wanted, controls, inputs)


def together(
    model: LoadedModel,
    requests: Sequence[GenerationRequest],
    controls: Mapping[str, LoadedControl] = MappingProxyType({}),
    inputs: Path = Path(),
) -> list[Image.Image]:
    """One picture for each request, all of one size; their steps share calls of the network.

    controls: by their hash, those that the requests' units name; inputs: the folder of the units' pictures."""
    for network in (model.unet, model.vae, model.text_encoder):
        network.eval()
    begun = [picture(model, wanted, 0, conditioning(model, wanted), Sources(inputs)).denoising for wanted in requests]
    for one, wanted in zip(begun, requests, strict=True):
        one.control = units_of(wanted, controls, model, inputs)
    with devices.attention(model.device):
        while running := [one for one in begun if not one.finished]:
            if failed := list(loop.step(running).failures.values()):
                raise failed[0]
    return [decode(model, one.latents) for one in begun]


def complete(folder: Path, count: int) -> bool:
    """Whether all of them were written: a process may have been killed in between."""
    return len(list(folder.glob("*.png"))) >= count


def write(pictures: list[Image.Image], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, made in enumerate(pictures, 1):
        path = folder / f"{index:02}.png"
        part = path.with_suffix(".part")
        made.save(part, "PNG", pnginfo=in_png("trainedAlgorithmicMedia"))
        part.replace(path)
        paths.append(path)
    return paths
