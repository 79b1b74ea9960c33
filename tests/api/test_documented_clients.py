"""The clients that docs/api.md shows are run as they stand there."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from engine.settings import HOUSE
from tests.api.conftest import Place

PAGE = (HOUSE / "docs" / "api.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def test_the_client_in_python_draws_a_picture(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    code = block("python").replace("http://127.0.0.1:7860/", f"{place.url}/")
    exec(compile(code, "docs/api.md", "exec"), {})
    [picture] = tmp_path.iterdir()
    assert picture.name == "house-0.png"
    with Image.open(picture) as drawn:
        assert "a red house at night" in drawn.info["parameters"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_lines_for_curl_draw_a_picture_and_stop_one(place: Place, tmp_path: Path):
    ask, follow, fetch, stop = [
        line.split("#")[0].strip() for line in block("sh").splitlines() if line.startswith("curl")
    ]

    def run(line: str) -> str:
        line = line.replace("$studio", place.url).replace("curl ", "curl -sS --fail-with-body ", 1)
        return subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=120
        ).stdout

    job = json.loads(run(ask))["id"]
    told = run(follow.replace("0192...", job))
    events = [line.removeprefix("event: ") for line in told.splitlines() if line.startswith("event: ")]
    assert events[-1] == "done"
    assert "made" in events
    made = re.search(r'"image": "([^"]+)"', told)
    assert made
    run(fetch.replace("IMAGE", made[1]))
    with Image.open(tmp_path / "house.png") as drawn:
        assert "Seed: 7" in drawn.info["parameters"]
    other = json.loads(run(ask.replace('"seed": 7', '"seed": 8, "steps": 100')))["id"]
    assert json.loads(run(stop.replace("0192...", other)))["state"] == "cancelled"
