"""sd-webui-controlnet's units in a picture's text; tests/engine/test_infotext.py reads back what we write ourselves."""

import time

import pytest

from engine import infotext
from engine.request.read import read

HEAD = "a house\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, "
THEIRS = (
    "Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 0.8, Resize Mode: Resize and Fill, "
    "Processor Res: 640, Threshold A: 90.0, Threshold B: 210.0, Guidance Start: 0.1, Guidance End: 0.9, "
    "Pixel Perfect: True, Control Mode: ControlNet is more important, Hr Option: Both"
)
FORMER = (
    "preprocessor: canny, model: control_v11p_sd15_canny [d14c016b], weight: 1, starting/ending: (0, 0.5), "
    "resize mode: Envelope (Outer Fit), pixel perfect: False, control mode: Balanced, "
    "preprocessor params: (512, 100, 200)"
)


def test_it_looks_as_sd_webui_controlnet_writes_it() -> None:
    unit = {"picture": "a" * 64, "model": "canny, small", "model_hash": "0123456789", "preprocessor": "canny"}
    text = infotext.write(read({"control": [unit]}))
    assert 'ControlNet 0: "Module: canny, Model: \\"canny, small [0123456789]\\", Weight: 1.0, Resize Mode: ' in text
    assert f"Control image 0: {'a' * 64}" in text


def test_a_unit_of_theirs_is_read() -> None:
    reading = infotext.read(f'{HEAD}ControlNet 0: "{THEIRS}"')
    (unit,) = read(reading.values).control
    assert (unit.preprocessor, unit.model, unit.model_hash) == ("canny", "control_v11p_sd15_canny", "d14c016b")
    assert (unit.weight, unit.start, unit.end, unit.resolution) == (0.8, 0.1, 0.9, 640)
    assert (unit.threshold_a, unit.threshold_b, unit.pixel_perfect) == (90, 210, True)
    assert (unit.mode, unit.resize_mode, unit.picture) == ("ControlNet is more important", "Resize and Fill", "")
    assert not reading.leftovers


def test_a_unit_of_their_former_versions_is_read() -> None:
    (unit,) = read(infotext.read(f'{HEAD}ControlNet 0: "{FORMER}"').values).control
    assert (unit.start, unit.end, unit.resize_mode, unit.pixel_perfect) == (0, 0.5, "Resize and Fill", False)
    assert (unit.resolution, unit.threshold_a, unit.threshold_b) == (512, 100, 200)


def test_thresholds_below_zero_are_the_preprocessors_own() -> None:
    (unit,) = read(infotext.read(f'{HEAD}ControlNet 0: "{THEIRS.replace("90.0", "-1")}"').values).control
    assert unit.threshold_a is None


@pytest.mark.parametrize(
    "text",
    [
        THEIRS.replace("canny,", "dw_openpose_full,"),
        THEIRS.replace("control_v11p_sd15_canny [d14c016b]", "None"),
        THEIRS.replace("0.8", "much"),
        THEIRS + ", Effective Region: left",
        "a: b",
        "Module: (((((",
        "Guidance Start: 0.9, Guidance End: 0.1, Module: canny, Model: x",
    ],
)
def test_what_cannot_be_drawn_is_left_over_as_it_was(text: str) -> None:
    reading = infotext.read(f'{HEAD}ControlNet 0: "{text}"')
    assert reading.leftovers["ControlNet 0"] == text
    assert "control" not in reading.values


@pytest.mark.parametrize("letters", ["a: (", 'a: "', "a", ", ", "a: b, ", "("])
def test_a_hostile_unit_is_read_in_linear_time(letters: str) -> None:
    begun = time.process_time()
    infotext.read(f'{HEAD}ControlNet 0: "{(letters * (100_000 // len(letters))).replace(chr(34), chr(92) + chr(34))}"')
    assert time.process_time() - begun < 2
