"""Forms come back as they were left, each visitor's own."""

from pathlib import Path

import pytest

from engine.errors import BadRequest
from engine.forms import Forms


def test_a_form_comes_back_after_a_new_start(tmp_path: Path) -> None:
    values = {"prompt": "naïve 猫 😀", "steps": 20, "seed": 2**64 - 1, "exact": False, "width": None}
    forms = Forms(tmp_path)
    forms.put("ann", {"prompt": "older"})
    forms.put("ann", values)
    forms.close()
    forms = Forms(tmp_path)
    assert forms.get("ann") == values
    assert forms.get("bob") == {}
    forms.close()


def test_only_what_changed_is_changed_and_only_for_its_visitor(tmp_path: Path) -> None:
    forms = Forms(tmp_path)
    forms.put("bob", {"steps": 3})
    forms.change("ann", {"prompt": "a boat", "steps": 20})
    forms.change("ann", {"steps": 9, "eta": None})
    assert forms.get("ann") == {"prompt": "a boat", "steps": 9, "eta": None}
    assert forms.get("bob") == {"steps": 3}
    forms.close()


@pytest.mark.parametrize("values", [{"steps": float("nan")}, {"prompt": b"bytes"}, {"prompt": "x" * 300_000}])
def test_what_no_form_holds_is_refused(tmp_path: Path, values: dict) -> None:
    forms = Forms(tmp_path)
    with pytest.raises(BadRequest):
        forms.put("ann", values)
    assert forms.get("ann") == {}
    forms.close()


def test_options_are_kept_beside_forms(tmp_path: Path) -> None:
    forms, options = Forms(tmp_path), Forms(tmp_path, "options")
    forms.put("ann", {"steps": 3})
    options.change("ann", {"samples_format": "webp"})
    assert (forms.get("ann"), options.get("ann")) == ({"steps": 3}, {"samples_format": "webp"})
    forms.close()
    options.close()
