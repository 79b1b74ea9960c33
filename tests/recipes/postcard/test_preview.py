"""The contact sheet shows every object with a caption."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

from recipes.postcard.preview import scenes_of_objects
from recipes.postcard.scenes import OBJECTS

HOUSE = Path(__file__).resolve().parents[3]


def test_the_sheet_has_every_object() -> None:
    assert [scene.things[0].object for scene in scenes_of_objects()] == list(OBJECTS)


def test_the_program_writes_a_sheet(tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    command = [sys.executable, "-m", "recipes.postcard.preview", str(out), "--random", "0", "--size", "64", "--maps"]
    subprocess.run([*command, "--columns", "2"], cwd=HOUSE, check=True, timeout=120)
    assert Image.open(out).size == (2 * (5 * 64 + 8) + 8, 7 * (64 + 52) + 8)


def test_drawing_needs_no_torch() -> None:
    """Data sets are written by machines and processes that have no use for it."""
    program = "import sys, recipes.postcard.dataset, recipes.postcard.preview, recipes.postcard.prompts; print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], cwd=HOUSE, capture_output=True, text=True, timeout=120)
    assert told.stdout.strip() == "False", told.stderr
