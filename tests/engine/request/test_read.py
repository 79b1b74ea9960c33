"""Loose values become a request, or one sentence that names the field and the remedy."""

import math
from typing import Any

import pytest

from engine.errors import BadRequest
from engine.request.parts import LARGEST_SEED
from engine.request.read import read
from engine.request.samplers import SAMPLERS
from engine.request.schema import PARAMETERS, flat
from engine.request.starts import FromMask, FromNoise, FromPicture


def test_nothing_given_is_a_request() -> None:
    assert read({}).start == FromNoise()


def test_values_find_their_part_by_name() -> None:
    asked = read({"prompt": "a house", "steps": "12", "seed": str(LARGEST_SEED), "width": 512, "count": 3})
    assert asked.words.prompt == "a house"
    assert asked.sampling.steps == 12
    assert asked.sampling.seed == LARGEST_SEED
    assert asked.canvas.width == 512
    assert asked.canvas.height is None
    assert asked.output.count == 3


def test_a_request_made_flat_reads_back() -> None:
    for asked in (read({"prompt": "x", "seed": 4}), read({"start": "picture", "picture": "a" * 64, "strength": 0.5})):
        assert read(flat(asked)) == asked


def test_a_start_may_be_an_object_of_its_own() -> None:
    inner = {"picture": "0" * 64, "mask": "1" * 64, "mask_blur": 2}
    nested = read({"prompt": "a car", "start": {"kind": "mask", **inner}})
    assert isinstance(nested.start, FromMask)
    assert nested == read({"prompt": "a car", "start": "mask", **inner})


def test_a_picture_that_grows_needs_no_mask() -> None:
    start = read({"start": "mask", "picture": "0" * 64, "outpaint_right": 64}).start
    assert isinstance(start, FromMask)
    assert start.frame == (0, 0, 64, 0)


def test_a_start_brings_its_own_parameters() -> None:
    start = read({"start": "picture", "picture": "0" * 64, "strength": 0.3}).start
    assert isinstance(start, FromPicture)
    assert start.strength == 0.3


@pytest.mark.parametrize(
    ("values", "field", "remedy"),
    [
        ({"sampler": "Eulr"}, "sampler", "Did you mean Euler?"),
        ({"sampler": "Magic"}, "sampler", SAMPLERS[-1]),
        ({"width": 130}, "width", "Try 128."),
        ({"width": 9999}, "width", "Try 2048."),
        ({"height": 32}, "height", "64 to 2048"),
        ({"steps": 0}, "steps", "1 to 150"),
        ({"steps": "many"}, "steps", "Correct the value."),
        ({"seed": 2**64}, "seed", "-1 to 18446744073709551615"),
        ({"guidance": math.nan}, "guidance", "Correct the value."),
        ({"guidance": math.inf}, "guidance", "Correct the value."),
        ({"width": math.nan}, "width", "Correct the value."),
        ({"prompt": "x" * 10**6}, "prompt", "Shorten it."),
        ({"count": 1000}, "count", "1 to 16"),
        ({"checkpoint_hash": "xyz"}, "checkpoint_hash", "Correct the value."),
        ({"stepz": 3}, "stepz", "Did you mean steps?"),
        ({"start": []}, "start", "Use noise, picture or mask."),
        ({"prompt": "\ud800"}, "prompt", "Correct the value."),
        ({"sampler": "\ud800"}, "sampler", "Correct the value."),
        ({"\ud800": 1}, "?", ""),
        ({"steps": 10**5000}, "steps", "1 to 150"),
        ({"start": "dust"}, "start", "Use noise, picture or mask."),
        ({"start": "picture", "strength": 0.5}, "picture", "Correct the value."),
        ({"strength": 0.5}, "strength", ""),
        ({"start": "picture", "picture": "0" * 64, "strength": 0}, "strength", "0 to 1"),
        ({"start": "mask", "picture": "0" * 64}, "mask", "Paint what is to be redrawn"),
        ({"start": "mask", "picture": "0" * 64, "mask": "white"}, "mask", "Correct the value."),
        ({"start": "mask", "picture": "0" * 64, "mask": "0" * 64, "mask_blur": 65}, "mask_blur", "0 to 64"),
        ({"start": "mask", "picture": "0" * 64, "mask": "0" * 64, "masked_content": "fil"}, "masked_content", "fill"),
        ({"start": "mask", "picture": "0" * 64, "outpaint_left": 4096}, "outpaint_left", "0 to 2048"),
        ({"start": "mask", "picture": "0" * 64, "resize_mode": "Just resize"}, "resize_mode", ""),
        ({"start": "picture", "picture": "0" * 64, "mask": "0" * 64}, "mask", ""),
        ({"start": {"kind": "picture", "picture": "0" * 64, "strength": 2}}, "strength", "0 to 1"),
        ({"start": {"kind": "picture", "picture": "0" * 64, "size": 2}}, "size", ""),
        ({"start": {"kind": "picture", "picture": "0" * 64}, "picture": "1" * 64}, "picture", "Give it once."),
        ({"start": {"picture": "0" * 64}}, "start", "Use noise, picture or mask."),
        ({"start": {"kind": "noise", "start": "picture"}}, "start", "Give it once."),
    ],
)
def test_a_bad_value_names_the_field_and_the_remedy(values: dict[str, Any], field: str, remedy: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(values)
    assert caught.value.problem.field == field
    assert remedy in caught.value.problem.remedy
    assert len(str(caught.value)) < 400
    assert caught.value.problem.model_dump_json()  # it can be sent


def test_every_parameter_has_a_label_and_help_and_knows_where_it_lives() -> None:
    for name, parameter in PARAMETERS.items():
        assert parameter.label
        assert parameter.help.endswith(".")
        assert parameter.part in (
            "words",
            "spent",
            "model",
            "canvas",
            "sampling",
            "tuning",
            "noise",
            "hires",
            "detailer",
            "output",
            "start",
        ), name


def test_a_request_is_frozen() -> None:
    asked = read({})
    with pytest.raises(ValueError, match="frozen"):
        asked.sampling.steps = 3  # pyright: ignore[reportAttributeAccessIssue]


def test_a_picture_of_a_batch_has_its_own_seed_that_wraps_around() -> None:
    asked = read({"seed": LARGEST_SEED, "count": 2})
    assert asked.picture(0).sampling.seed == LARGEST_SEED
    assert asked.picture(1).sampling.seed == 0
    assert asked.picture(1).output.count == 1
