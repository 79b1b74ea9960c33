"""The second pass's size and steps, as AUTOMATIC1111 reckons them; what cannot be drawn is refused in words."""

from typing import Any

import pytest
from PIL import Image

from engine import infotext
from engine.errors import BadRequest
from engine.metadata.read import settings_of
from engine.metadata.write import encode
from engine.request.hires import Hires, cover
from engine.request.read import read


@pytest.mark.parametrize(
    ("asked", "first", "size"),
    [
        ({"hires_scale": 2}, (512, 768), (1024, 1536)),
        ({"hires_scale": 1.5}, (512, 520), (768, 776)),  # 780, cut to steps of 8
        ({"hires_width": 1024}, (512, 768), (1024, 1536)),
        ({"hires_height": 1024}, (512, 768), (680, 1024)),
        ({"hires_width": 1024, "hires_height": 1024, "hires_scale": 3}, (512, 768), (1024, 1024)),
        ({}, (512, 768), (512, 768)),
    ],
)
def test_the_size_follows_the_factor_or_the_sides(asked: dict[str, Any], first: Any, size: Any) -> None:
    assert Hires(**asked).size(first) == size
    assert Hires(**asked).on == bool(asked)


def test_a_size_of_another_shape_is_covered_and_never_short() -> None:
    assert cover((512, 768), (1024, 1024)) == (1024, 1536)
    for wanted in [(64, 64), (1000, 248), (248, 1000), (520, 512)]:
        across, down = cover((512, 768), wanted)
        assert across >= wanted[0]
        assert down >= wanted[1]


@pytest.mark.parametrize(
    ("strength", "hires", "first", "steps", "of"), [(0.5, 0, 20, 20, 40), (0.7, 15, 20, 15, 21), (1, 10, 20, 10, 10)]
)
def test_as_many_steps_are_drawn_as_were_asked(strength: float, hires: int, first: int, steps: int, of: int) -> None:
    """setup_img2img_steps: int(steps / min(strength, 0.999)), of which the last `steps` are drawn."""
    asked = Hires(hires_strength=strength, hires_steps=hires)
    assert (asked.steps(first), asked.schedule(first)) == (steps, of)


HIRES = {"hires_scale": 2, "hires_strength": 0.6, "hires_steps": 15, "hires_upscaler": "Latent (bicubic)"}


def test_the_text_is_as_automatic1111_writes_it() -> None:
    text = infotext.write(read({"prompt": "a house", "seed": 1, **HIRES}))
    assert "Denoising strength: 0.6, Hires upscale: 2, Hires steps: 15, Hires upscaler: Latent (bicubic)" in text
    assert "Hires upscaler: Latent" in infotext.write(read({"hires_width": 512}))
    assert "Hires resize: 512x0" in infotext.write(read({"hires_width": 512}))
    assert "Hires" not in infotext.write(read({"prompt": "a house"}))


def test_automatic1111s_own_text_is_read() -> None:
    """Reference text 2 of its version 1.4.1."""
    text = (
        "a fox\nSteps: 35, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 561242768, Size: 768x512, Model hash: 4199bcdd14,"
        " Model: revAnimated_v122, Denoising strength: 0.7, Hires upscale: 2, Hires steps: 15, Hires upscaler:"
        " 4x-UltraSharp, Version: v1.4.1"
    )

    reading = settings_of(encode(Image.new("RGB", (8, 8)), text, "PNG", source="trainedAlgorithmicMedia"))
    assert reading is not None
    found = {name: value for name, value in reading.values.items() if name.startswith("hires_")}
    assert found == {
        "hires_strength": 0.7,
        "hires_scale": 2,
        "hires_width": None,
        "hires_height": None,
        "hires_steps": 15,
        "hires_upscaler": "4x-UltraSharp",
    }
    assert "strength" not in reading.values
    assert "Denoising strength" not in reading.leftovers


def test_a_picture_without_a_second_pass_turns_it_off_in_the_form() -> None:

    reading = settings_of(
        encode(Image.new("RGB", (8, 8)), infotext.write(read({"prompt": "x"})), "PNG", source="trainedAlgorithmicMedia")
    )
    assert reading is not None
    assert reading.values["hires_scale"] == 1


def test_a_second_pass_after_a_picture_is_refused() -> None:
    with pytest.raises(BadRequest, match="text to image only"):
        read({"start": "picture", "picture": "0" * 64, "hires_scale": 2})
