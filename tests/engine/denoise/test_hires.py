"""The second pass with the built-in model: what it is equal to, that it shares steps, and that it is told of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from engine import infotext
from engine.denoise import loop
from engine.denoise.decode import decode
from engine.denoise.hires import Second, latents_enlarged
from engine.denoise.painter import Painter
from engine.denoise.sources import Sources
from engine.denoise.wardrobe import Wardrobe
from engine.denoise.work import Picture, Work, compose
from engine.errors import BadRequest
from engine.events import Made, Stepped
from engine.job import Job
from engine.library.load import LoadedModel
from engine.library.scan import Library
from engine.request.generation import GenerationRequest
from engine.request.read import read
from engine.request.samplers import SAMPLERS
from engine.request.upscalers import LATENT_UPSCALERS
from engine.resolve import resolve
from tests.engine.library.tiny_upscaler import esrgan, write_safetensors

HIRES = {"width": 64, "height": 64, "hires_scale": 2, "hires_strength": 0.6, "hires_steps": 4}
Begin = Callable[..., Picture]


def asked(**values: Any) -> GenerationRequest:
    return read({"prompt": "a red house in a green meadow", "steps": 5, "seed": 5, **HIRES, **values})


@pytest.fixture
def begin(postcard: LoadedModel, library: Library, tmp_path: Path) -> Begin:
    def begin(**values: Any) -> Picture:
        work = Work(Job(id="1", owner="a", request=asked(**values), created=0), frozenset())
        return compose(work, postcard, Sources(tmp_path), Wardrobe(library))[0]

    return begin


def walk(picture: Picture) -> list[tuple[int, int]]:
    """To the end of the pass at hand."""
    seen = []
    while not picture.denoising.finished:
        loop.step([picture.denoising])
        seen.append((picture.step, picture.of))
    return seen


def test_the_second_pass_equals_a_start_from_the_enlarged_picture(
    begin: Begin, postcard: LoadedModel, tmp_path: Path
) -> None:
    """Image to image with the same seed, from the first pass's picture enlarged by Lanczos: not a bit differs."""
    from engine.denoise.work import conditioning, picture
    from engine.picture.inputs import put_input

    made = begin(hires_upscaler="Lanczos", hires_steps=3, hires_strength=0.5)
    walk(made)
    small = decode(postcard, made.denoising.latents)
    made.go_over()
    walk(made)
    small.resize((128, 128), Image.Resampling.LANCZOS).save(tmp_path / "x.png")
    start = {"start": "picture", "picture": put_input(tmp_path, (tmp_path / "x.png").read_bytes()), "strength": 0.5}
    own = {
        name: 1.0 if name == "hires_scale" else value for name, value in HIRES.items() if not name.startswith("hires")
    }
    request = read(
        {"prompt": "a red house in a green meadow", "seed": 5, **own, **start, "steps": 6, "width": 128, "height": 128}
    )
    other = picture(postcard, request, 0, conditioning(postcard, request), Sources(tmp_path))
    walk(other)
    assert torch.equal(made.denoising.latents, other.denoising.latents)


def test_steps_are_counted_through_both_passes(begin: Begin) -> None:
    made = begin()
    assert walk(made) == [(i, 9) for i in range(1, 6)]
    made.go_over()
    assert made.size == (128, 128)
    assert made.denoising.latents.shape[-2:] == (16, 16)
    assert walk(made) == [(i, 9) for i in range(6, 10)]
    assert not made.later


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_draws_a_second_pass(begin: Begin, sampler: str) -> None:
    made = begin(sampler=sampler, hires_steps=3)
    walk(made)
    made.go_over()
    walk(made)
    assert torch.isfinite(made.denoising.latents).all()
    assert made.denoising.latents.abs().max() < 40  # three steps of "DPM fast" overshoot


@pytest.mark.parametrize("name", LATENT_UPSCALERS)
def test_latents_grow_as_automatic1111_lets_them(name: str) -> None:
    """F.interpolate over all of it, to the size that covers, cut at both sides."""
    way, latents = LATENT_UPSCALERS[name], torch.randn(1, 4, 8, 8)
    plain = {} if "nearest" in way.interpolation else {"antialias": way.antialias}
    whole = torch.nn.functional.interpolate(latents, (16, 16), mode=way.interpolation, **plain)
    assert torch.equal(latents_enlarged(latents, (64, 64), (128, 128), way, 8), whole)
    assert torch.equal(latents_enlarged(latents, (64, 64), (128, 64), way, 8), whole[:, :, 4:12])


def test_second_passes_share_calls_with_pictures_of_their_size(begin: Begin, postcard: LoadedModel) -> None:
    """Beside another, latents differ by less than 1e-4 (float32)."""
    alone = begin()
    walk(alone)
    alone.go_over()
    walk(alone)
    one, two = begin(), begin(width=128, height=128, hires_scale=1, seed=9, steps=9)
    walk(one)
    one.go_over()
    assert one.key == two.key
    while not one.denoising.finished:
        assert loop.step([one.denoising, two.denoising]).calls == 1
    assert float((one.denoising.latents - alone.denoising.latents).abs().max()) < 1e-4


def test_prompts_go_on_through_the_second_pass(begin: Begin) -> None:
    """Fractions count from 1, steps from the first pass's number."""
    made = begin(prompt="a [red:blue:1.5] house", hires_steps=4)
    first, second = made.denoising.conditioning, made.later[0]
    assert isinstance(second, Second)
    assert {stage.text for stage in first.positive[0].stages} == {"a red house"}
    said = [second.told.said(second.first + i)["prompt"] for i in range(4)]
    assert said == ["a red house", "a red house", "a blue house", "a blue house"]


@pytest.fixture
def painter(tmp_path: Path) -> Painter:
    models = tmp_path / "models"
    models.mkdir()
    (models / "checkpoints").symlink_to(Path(__file__).parents[3] / "models" / "checkpoints")
    write_safetensors(models / "upscalers" / "2x_Tiny.safetensors", esrgan(scale=2))
    library = Library(models, tmp_path / "cache")
    library.refresh()
    return Painter(library, "cpu", "float32", 16, 0.0, tmp_path)


def drawn(painter: Painter, request: GenerationRequest) -> tuple[Made, list[Stepped]]:
    painter.add(Job(id="1", owner="a", request=request, created=0))
    events = []
    while not painter.idle:
        events += list(painter.step())
    made = [event for event in events if isinstance(event, Made)]
    assert made, events[-1]
    return made[0], [event for event in events if isinstance(event, Stepped)]


def test_a_network_enlarges_and_the_file_tells_it(painter: Painter) -> None:
    request = resolve(asked(hires_upscaler="2x_tiny", trace=True, hires_scale=1.5), painter.library)
    assert request.hires.hires_upscaler == "2x_Tiny"
    made, steps = drawn(painter, request)
    import io

    assert Image.open(io.BytesIO(made.file)).size == (96, 96)
    assert (steps[-1].step, steps[-1].of) == (9, 9)
    assert "Denoising strength: 0.6, Hires upscale: 1.5, Hires steps: 4, Hires upscaler: 2x_Tiny" in made.infotext
    assert read(infotext.read(made.infotext).values) == request.with_()
    assert made.trace is not None
    painter.close()


def test_what_no_table_holds_is_refused(painter: Painter) -> None:
    def problem(**values: Any) -> str:
        with pytest.raises(BadRequest) as caught:
            resolve(asked(**values), painter.library)
        return f"{caught.value.problem.field}: {caught.value}"

    assert problem(hires_steps=150, hires_strength=0.05).startswith("hires_steps: With a strength of 0.05")
    assert "LCM draws at most 10 steps" in problem(sampler="LCM", hires_steps=20, hires_strength=0.2)
    assert problem(width=2048, hires_scale=2.5).startswith("hires_scale: The second pass would draw 5120")
    assert problem(hires_upscaler="2x_Tin").startswith("hires_upscaler: There is no upscaler")
    painter.close()


def test_a_second_pass_counts_as_work() -> None:
    def cost(request: GenerationRequest) -> float:
        return Job(id="", owner="", request=request, created=0).cost

    assert cost(asked()) == pytest.approx((64 * 64 * 5 + 128 * 128 * 4) / 1e6)
    assert cost(asked(hires_scale=1)) == pytest.approx(64 * 64 * 5 / 1e6)
