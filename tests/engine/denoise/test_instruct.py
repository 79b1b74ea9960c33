"""Instruct models: a picture is changed as it is told, in the shared loop and as diffusers' pipeline does it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionInstructPix2PixPipeline
from PIL import Image

from engine import infotext
from engine.denoise import loop
from engine.denoise.control import units_of
from engine.denoise.decode import decode
from engine.denoise.sources import Sources
from engine.denoise.wardrobe import Wardrobe
from engine.denoise.work import Work, compose
from engine.errors import BadRequest
from engine.job import Job
from engine.library.load import LoadedModel, load
from engine.library.load_control import load_control
from engine.library.scan import Library
from engine.queue.batching import rows
from engine.request.generation import GenerationRequest
from engine.request.read import read
from engine.resolve import resolve
from tests.engine.denoise.test_referee import request, run
from tests.engine.denoise.test_referee_masks import PLAIN, SIZE, begun, drawn, kept, mask, pipeline, source
from tests.engine.library import tiny_control
from tests.engine.library.tiny import write_sd1


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Tiny models of random weights."""
    folder = tmp_path_factory.mktemp("instruct")
    for name, channels in (("edits", 8), ("plain", 4)):
        write_sd1(folder / "models" / "checkpoints" / f"{name}.safetensors", 5, in_channels=channels)
    return Library(folder / "models", folder / "cache")


@pytest.fixture(scope="module")
def edits(library: Library) -> LoadedModel:
    return load(library.find("edits"), torch.device("cpu"), torch.float32, library.hash_of(library.find("edits")))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inputs")


def asked(inputs: Path, **values: Any) -> GenerationRequest:
    """As it is resolved for an instruct model."""
    usual = {"start": "picture", "picture": kept(inputs, source()), "strength": 1, "steps": 6, "image_guidance": 1.5}
    return request(**{**usual, **values})


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max())


def theirs(model: LoadedModel, wish: GenerationRequest) -> torch.Tensor:
    return run(
        pipeline(StableDiffusionInstructPix2PixPipeline, model, wish),
        wish,
        image=source(),
        image_guidance_scale=wish.image_guidance,
        output_type="latent",
    )


@pytest.fixture
def in_our_calls(edits: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipeline's three rows in one call become the two and one that a CPU packs here: the last bit of a product of
    matrices depends on how many rows there are."""
    forward = edits.unet.forward

    def split(rows: torch.Tensor, time: Any, encoder_hidden_states: torch.Tensor, **more: Any) -> tuple[torch.Tensor]:
        both, picture, neither = rows.split(1)
        words, _, negative = encoder_hidden_states.split(1)
        first = forward(torch.cat([neither, picture]), time, torch.cat([negative, negative]), return_dict=False)[0]
        return (torch.cat([forward(both, time, words, return_dict=False)[0], first[1:], first[:1]]),)

    monkeypatch.setattr(edits.unet, "forward", split)


@pytest.mark.parametrize(
    ("sampler", "values"),
    [
        *((name, {}) for name in ("Euler", "Euler a", "DPM++ 2M", "DPM++ 2M SDE", "DDIM", "Heun", "UniPC", "LMS")),
        ("Euler", {"guidance": 7.5, "image_guidance": 1}),
        ("Euler a", {"guidance": 3, "image_guidance": 2.2}),
    ],
)
def test_the_loop_equals_the_pipeline(
    sampler: str,
    values: dict[str, float],
    edits: LoadedModel,
    inputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_our_calls: None,
) -> None:
    wish = asked(inputs, sampler=sampler, **values)
    expected = theirs(edits, wish)
    monkeypatch.undo()
    ours = drawn(edits, wish, inputs)
    assert ours.std() > 0.1
    assert torch.equal(ours, expected)


def test_in_the_pipelines_own_calls_only_last_bits_differ(edits: LoadedModel, inputs: Path) -> None:
    wish = asked(inputs)
    ours = drawn(edits, wish, inputs)
    assert apart(ours, theirs(edits, wish)) < 1e-5 * ours.std()


def test_without_guidance_one_row_equals_the_pipeline(edits: LoadedModel, inputs: Path) -> None:
    wish = asked(inputs, guidance=1)
    assert begun(edits, wish, inputs).rows == rows(wish) == 1
    assert torch.equal(drawn(edits, wish, inputs), theirs(edits, wish))


def test_a_picture_has_three_rows_of_which_the_first_is_not_shown_the_picture(edits: LoadedModel, inputs: Path) -> None:
    made = begun(edits, asked(inputs), inputs)
    assert made.rows == rows(made.request) == 3
    neither, picture, both = loop.rows_of(0, made.denoising)
    assert not neither.latents[:, 4:].any()
    assert picture.latents[:, 4:].abs().max() > 0.1
    assert torch.equal(picture.latents, both.latents)
    assert torch.equal(neither.context, picture.context)
    assert not torch.equal(picture.context, both.context)
    assert rows(asked(inputs, prompt="a house AND snow")) == 4


def test_both_guidances_and_the_picture_count(edits: LoadedModel, inputs: Path) -> None:
    plain = drawn(edits, asked(inputs), inputs)
    other = kept(inputs, Image.new("RGB", SIZE, (200, 40, 40)))
    for values in ({"guidance": 9}, {"image_guidance": 3}, {"picture": other}, {"prompt": "snow"}):
        assert apart(plain, drawn(edits, asked(inputs, **values), inputs)) > 0.02


def test_pictures_in_company_are_drawn_as_if_alone(edits: LoadedModel, inputs: Path) -> None:
    wishes = [
        asked(inputs),
        asked(inputs, seed=2, sampler="Euler a", image_guidance=2),
        asked(inputs, seed=3, guidance=1),
        asked(inputs, seed=4, strength=0.6, prompt="snow AND a boat"),
    ]
    alone = [drawn(edits, wish, inputs) for wish in wishes]
    together = [begun(edits, wish, inputs).denoising for wish in wishes]
    while running := [made for made in together if not made.finished]:
        loop.step(running)
    for expected, made in zip(alone, together, strict=True):
        assert apart(expected, made.latents) < 1e-4 * expected.std()  # rounding, which these random weights enlarge


def test_below_full_strength_the_picture_is_also_what_is_drawn_over(edits: LoadedModel, inputs: Path) -> None:
    made = begun(edits, asked(inputs, strength=0.5), inputs).denoising
    whole = begun(edits, asked(inputs), inputs).denoising
    assert (made.index, whole.index) == (3, 0)
    assert made.beside is not None
    assert whole.beside is not None
    assert torch.equal(made.beside, whole.beside)


def test_a_picture_whose_latents_are_resized_is_shown_in_the_size_that_is_drawn(
    edits: LoadedModel, inputs: Path
) -> None:
    large = kept(inputs, source().resize((128, 192)))
    made = begun(edits, asked(inputs, picture=large, resize_mode="Just resize (latent upscale)"), inputs)
    assert made.denoising.beside is not None
    assert made.denoising.beside.shape == made.denoising.latents.shape
    loop.step([made.denoising])


@pytest.mark.parametrize("strength", [0.6, 1])
def test_each_turn_of_a_loopback_is_shown_the_picture_of_the_turn_before(
    strength: float, edits: LoadedModel, library: Library, inputs: Path
) -> None:
    job = Job(id="1", owner="a", request=asked(inputs, strength=strength, loops=2), created=0)
    made = compose(Work(job, frozenset()), edits, Sources(inputs), Wardrobe(library))[0]
    while not made.denoising.finished:
        loop.step([made.denoising])
    first = kept(inputs, decode(edits, made.denoising.latents))
    made.go_over()
    while not made.denoising.finished:
        loop.step([made.denoising])
    again = drawn(edits, asked(inputs, strength=strength, picture=first, seed=6), inputs)
    assert torch.equal(made.denoising.latents, again)


def test_a_mask_keeps_what_it_does_not_cover(edits: LoadedModel, inputs: Path) -> None:
    made = begun(edits, asked(inputs, start="mask", mask=kept(inputs, mask()), **PLAIN), inputs).denoising
    assert made.keep is not None
    assert made.beside is not None
    while not made.finished:
        loop.step([made])
    ends, outside = (made.latents - made.keep.source).abs(), made.keep.mask == 0
    assert not ends.masked_select(outside).any()
    assert ends.masked_select(~outside).mean() > 0.05


def test_a_controlnet_for_ordinary_models_reads_the_latents_alone(
    edits: LoadedModel, library: Library, inputs: Path, tmp_path: Path
) -> None:
    plain = load(library.find("plain"), torch.device("cpu"), torch.float32)
    tiny_control.write_folder(tiny_control.controlnet_for(plain.unet), tmp_path / "models" / "controlnet" / "net")
    found = Library(tmp_path / "models", tmp_path / "cache").controls.find("net")
    net = load_control(found, torch.device("cpu"), torch.float32)
    unit = {
        "picture": kept(inputs, source()),
        "model": "net",
        "model_hash": "0" * 8,
        "mode": "ControlNet is more important",
    }
    wish = asked(inputs, control=[unit])
    made = begun(edits, wish, inputs)
    made.denoising.control = units_of(wish, {"0" * 8: net}, edits, inputs)
    assert [len(row.units) for row in loop.rows_of(0, made.denoising)] == [0, 0, 1]
    while not made.denoising.finished:
        loop.step([made.denoising])
    assert apart(made.denoising.latents, drawn(edits, asked(inputs), inputs)) > 0.02


def test_it_is_settled_for_instruct_models_alone(library: Library, inputs: Path) -> None:
    start = {"start": "picture", "picture": kept(inputs, source())}
    usual = resolve(read({**start, "checkpoint": "edits"}), library)
    assert usual.image_guidance == 1.5
    assert resolve(usual, library) == usual
    own = resolve(read({**start, "checkpoint": "edits", "image_guidance": 0.8}), library)
    assert "Image CFG scale: 0.8" in infotext.write(own)
    assert read(infotext.read(infotext.write(own)).values) == own
    other = resolve(read({**start, "checkpoint": "plain", "image_guidance": 0.8}), library)
    assert other.image_guidance is None
    assert "Image CFG" not in infotext.write(other)
    assert rows(other) == 2


def test_text_to_image_is_refused_with_the_remedy(library: Library) -> None:
    with pytest.raises(BadRequest, match="edits changes a picture") as caught:
        resolve(read({"prompt": "x", "checkpoint": "edits"}), library)
    assert caught.value.problem.field == "checkpoint"
    assert "Begin with a picture" in caught.value.problem.remedy
