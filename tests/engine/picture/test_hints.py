"""Why a picture looks wrong: each rule speaks when it should, and is silent where nothing is wrong."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.picture.flaws import Flaws, flaws_of
from engine.picture.hints import hints
from engine.request.read import read
from engine.request.schema import PARAMETERS

FINE = Flaws(flat=False, burnt=0.01, spread=50, noise=1)
MODEL = (512, 512)
PICTURE: dict[str, Any] = {"start": "picture", "picture": "0" * 64}
MASK: dict[str, Any] = {"start": "mask", "picture": "0" * 64, "mask": "0" * 64}


def told(flaws: Flaws = FINE, model: tuple[int, int] | None = MODEL, **values: Any) -> list[str]:
    asked = read({"prompt": "a house", "width": 512, "height": 512, "guidance": 6} | values)
    found = hints(asked, flaws, model)
    for hint in found:
        assert hint.field in (None, "control") or hint.field in PARAMETERS
        to = hint.values.get("to")
        if to is not None and hint.field in PARAMETERS:
            known = PARAMETERS[hint.field]
            assert not known.choices or to in known.choices
            assert known.low is None or known.low <= float(to) <= (known.high or float(to))
    return [hint.code.removeprefix("hint.") for hint in found]


def with_(**changes: Any) -> Flaws:
    return Flaws(**{**FINE.__dict__, **changes})


def test_a_good_picture_gets_no_hint() -> None:
    assert told() == []
    assert told(sampler="LCM", steps=6, guidance=1.5) == []
    assert told(**{**PICTURE, "strength": 0.6}) == []
    assert told(**{**MASK}) == []
    assert told(hires_scale=2) == []
    assert told(model=None, width=2048, height=2048) == []


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"guidance": 18}, ["guidance_high"]),
        ({"guidance": 1.5}, ["guidance_low"]),
        ({"sampler": "LCM", "steps": 6}, ["lcm_guidance"]),
        ({"sampler": "LCM", "steps": 2, "guidance": 1}, ["steps"]),
        ({"steps": 6}, ["steps"]),
        ({"steps": 12, "sampler": "Euler a"}, ["steps"]),
        ({"steps": 2, "sampler": "DPM adaptive"}, []),
        ({"width": 1024, "height": 1024}, ["large"]),
        ({"width": 256, "height": 256}, ["small"]),
        ({"width": 960, "height": 384}, ["shape"]),
        ({**PICTURE, "width": 1024, "height": 1024}, []),
        ({**PICTURE, "strength": 0.1}, ["strength_low"]),
        ({**PICTURE, "strength": 0.95}, ["strength_high"]),
        ({"hires_scale": 2, "hires_strength": 0.3}, ["hires_soft"]),
        ({"hires_scale": 2, "hires_strength": 0.8, "hires_upscaler": "Lanczos"}, ["hires_twice"]),
        ({**MASK, "masked_content": "latent noise", "strength": 0.6}, ["masked_content"]),
        ({**MASK, "mask_blur": 0}, ["seam"]),
        ({**MASK, "inpaint_area": "Only masked", "masked_padding": 4}, ["padding"]),
        ({"prompt": "a (red:1.8) house"}, ["weight"]),
        ({"prompt": "a house <lora:one:1> <lora:two:0.8>"}, ["loras"]),
        ({"control": [{"model": "x", "weight": 1.8}]}, ["control"]),
    ],
)
def test_each_rule_speaks_of_what_was_asked(values: dict[str, Any], codes: list[str]) -> None:
    assert told(**values) == codes


def test_of_a_picture_without_settings_only_what_is_seen_is_said() -> None:
    assert hints(None, FINE, None) == []
    found = hints(None, with_(burnt=0.3, noise=20, spread=5), None)
    assert [hint.code for hint in found] == ["hint.pale", "hint.noise", "hint.loud"]


def test_each_rule_speaks_of_what_the_picture_shows() -> None:
    assert told(with_(flat=True, spread=0)) == ["flat"]
    assert told(with_(burnt=0.2), guidance=12) == ["burnt"]
    assert told(with_(burnt=0.2)) == ["loud"]
    assert told(with_(burnt=0.2), steps=3) == ["steps", "loud"]  # few steps are why: the likeliest comes first
    assert told(with_(burnt=0.2), prompt="a (red:1.8) house") == ["weight", "loud"]
    assert told(with_(spread=9)) == ["pale"]
    assert told(with_(noise=15)) == ["noise"]


def gradient(width: int = 96, height: int = 96) -> Image.Image:
    across, down = np.meshgrid(np.linspace(40, 210, width), np.linspace(60, 180, height))
    return Image.fromarray(np.stack([across, down, (across + down) / 2], -1).astype(np.uint8))


def test_flaws_are_measured() -> None:
    fine = flaws_of(gradient())
    assert (fine.flat, fine.burnt) == (False, 0)
    assert flaws_of(Image.new("RGB", (64, 64))).flat
    assert flaws_of(Image.new("RGB", (64, 64), (255, 0, 0))).burnt == 1
    assert flaws_of(Image.new("RGB", (64, 64), (255, 255, 255))).burnt == 0  # white paper is no flaw
    noise = np.random.default_rng(0).normal(0, 12, (96, 96, 3))
    noisy = Image.fromarray((np.asarray(gradient(), float) + noise).clip(0, 255).astype(np.uint8))
    assert flaws_of(noisy).noise == pytest.approx(12, rel=0.3)
    assert flaws_of(gradient(8, 3000)).spread > 10


def test_overdriven_guidance_is_seen_in_a_picture() -> None:
    """As a sampler burns it: contrast and colours pushed past the end of the scale."""
    pushed = (np.asarray(gradient(), float) - 128) * 4 + 128
    pushed[..., 2] = 255 - pushed[..., 2]
    assert flaws_of(Image.fromarray(pushed.clip(0, 255).astype(np.uint8))).burnt > 0.08
