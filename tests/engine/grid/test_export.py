"""A grid taken away: as a page that runs nothing of anybody's, and as one picture that stays bounded."""

from pathlib import Path

import pytest
from PIL import Image

from engine.grid.page import Picture, page
from engine.grid.sheet import MOST, measure, sheet

AXES = [{"what": "sampler", "points": ["Euler", "<script>alert(1)</script>"]}, {"what": "steps", "points": ["4"]}]


@pytest.fixture
def pictures(tmp_path: Path) -> list[Picture]:
    Image.new("RGB", (64, 48), (200, 30, 30)).save(tmp_path / "one.png")
    return [
        Picture("done", '"><img src=x onerror=alert(1)>', tmp_path / "one.png", tmp_path / "one.png"),
        Picture("failed"),
    ]


def test_the_page_holds_its_pictures_and_no_markup_of_anybody(pictures: list[Picture]):
    text = "".join(page('<b>"house"', "Steps: 4", AXES, pictures))
    assert text.count("data:image/png;base64,") == 1
    assert "<script>alert" not in text
    assert "<b>" not in text
    assert '"><img src=x' not in text
    assert "&lt;script&gt;" in text
    assert ">failed<" in text
    assert "http://" not in text
    assert "https://" not in text


def test_a_file_that_is_gone_leaves_its_cell_empty(pictures: list[Picture]):
    assert pictures[0].file
    pictures[0].file.unlink()
    assert "data:image" not in "".join(page("a house", "", AXES, pictures))
    assert sheet(AXES, pictures, "", "trainedAlgorithmicMedia").size[0] > 100


def test_the_picture_shows_each_cell_in_its_place(pictures: list[Picture]):
    made = sheet(AXES, pictures, "a house\nSteps: 4, Script: X/Y/Z plot", "trainedAlgorithmicMedia")
    with Image.open(made.file) as image:
        image.load()
        assert image.size == made.size
        assert image.info["parameters"].endswith("Script: X/Y/Z plot")
        assert any(pixel == (200, 30, 30) for _, pixel in image.getcolors(2**24) or [])
    assert made.scale == 1


@pytest.mark.parametrize("shape", [(100, 10, 1), (10, 10, 10), (1000, 1, 1), (1, 1, 1000)])
def test_a_huge_grid_is_made_smaller(shape: tuple[int, int, int]):
    measures, scale = measure((2048, 2048), *shape)
    width, height = measures.size(*shape)
    assert width * height <= MOST
    assert scale < 1
