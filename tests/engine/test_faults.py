"""At every place where a studio touches the disk: killed there, or refused by the disk, it keeps what it promised."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("fault_server.py")
HOUSE = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked")


def lives(folder: Path, what: str, stride: int) -> list[dict[str, Any]]:
    told = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), what, str(stride)],
        stdout=subprocess.PIPE,
        cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        text=True,
        check=True,
    )
    first, *lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(lines) == len(range(0, len(first["places"]), stride)) > 5
    return lines


def nothing_is_lost(life: dict[str, Any]) -> None:
    where = f"{life['at']}: {life['place']}"
    assert life["whole"], where
    for promise in ("lost", "incomplete", "orphans", "broken"):
        assert life[promise] == [], f"{promise} at {where}"
    assert life["twice"] == 0, where
    assert [word for word in life["after"] if "error" in word or "ended" in word] == [], where


# The numbers are primes, so that short runs meet other places than each other.
@pytest.mark.parametrize("stride", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_studio_killed_at_any_place_finishes_after_its_next_start_what_it_had_accepted(tmp_path: Path, stride: int):
    told = lives(tmp_path, "kill", stride)
    for life in told:
        nothing_is_lost(life)
        assert life["states"] == ["done"], "one kill costs no job"
    killed = sum({"ended": 9, "late": False} in life["told"] for life in told)
    assert killed > 0.8 * len(told), "the last places are not met each time: threads take turns as they like"
    assert sum("job" in word for life in told for word in life["told"]) >= len(told) / 3, (
        "often with a job on its hands"
    )


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("what", "code"), [("full", "disk.full"), ("fault", "internal")])
def test_a_disk_that_refuses_anywhere_costs_one_job_and_the_studio_goes_on(
    tmp_path: Path, what: str, code: str, stride: int
):
    for life in lives(tmp_path, what, stride):
        nothing_is_lost(life)
        assert set(life["states"]) <= {"done", "failed"}
        assert set(life["problems"]) <= {code}
        assert {"another": "done"} in life["told"], "the same studio draws the next one"
