"""The sketch canvas: colours on a sheet or over a picture, out again as an RGB PNG of exactly these pixels."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.easel import Easel, marked, place
from tests.browser.hands import to_tab

pytestmark = pytest.mark.browser


@pytest.fixture
def easel(painter: Page) -> Easel:
    made = Easel(painter, "sketch").enter()
    painter.evaluate("() => atelier.canvas('sketch').sheet(400, 300, '#ffffff')")
    made.ready()
    made.page.locator("#piece-canvas-sketch .options").get_by_label("Colour").fill("#204080")
    return made


def middle(easel: Easel) -> tuple[float, float]:
    box = easel.stage.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_stroke_has_its_colour_and_the_rest_the_ground(easel: Easel):
    x, y = middle(easel)
    easel.drag((x - 60, y), (x + 60, y))
    sketch = easel.sketch()
    assert sketch.shape == (300, 400, 3)
    assert sketch[150, 200].tolist() == [0x20, 0x40, 0x80]
    assert sketch[20, 20].tolist() == [255, 255, 255]
    easel.page.keyboard.press("e")
    easel.dot((x, y))
    assert easel.sketch()[150, 200].tolist() == [255, 255, 255], "the eraser shows the ground again"


def test_colours_lie_over_each_other_by_their_opacity(easel: Easel):
    x, y = middle(easel)
    options = easel.page.locator("#piece-canvas-sketch .options")
    easel.dot((x, y))
    options.get_by_label("Colour").fill("#ffffff")
    options.get_by_role("spinbutton", name="Opacity").fill("50")
    options.get_by_role("spinbutton", name="Opacity").blur()
    easel.dot((x, y))
    assert easel.sketch()[150, 200].tolist() == pytest.approx([0x90, 0xA0, 0xC0], abs=1)
    easel.page.keyboard.press("Control+z")
    assert easel.sketch()[150, 200].tolist() == [0x20, 0x40, 0x80]


def test_fill_keeps_to_its_colour_and_a_colour_is_taken_up_again(easel: Easel):
    page = easel.page
    x, y = middle(easel)
    easel.drag((x - 60, y - 60), (x + 60, y - 60), (x + 60, y + 60), (x - 60, y + 60), (x - 60, y - 60))
    page.keyboard.press("g")
    page.locator("#piece-canvas-sketch .options").get_by_label("Colour").fill("#c04010")
    page.mouse.click(x, y)
    sketch = easel.sketch()
    assert sketch[150, 200].tolist() == [0xC0, 0x40, 0x10]
    assert sketch[5, 5].tolist() == [255, 255, 255]
    assert ((sketch == [0x20, 0x40, 0x80]).all(-1)).sum() > 500, "the outline stays"
    page.keyboard.press("b")
    page.keyboard.down("Alt")
    page.mouse.click(x - 60, y)
    page.keyboard.up("Alt")
    assert page.locator("#piece-canvas-sketch .options").get_by_label("Colour").input_value() == "#204080"


def test_over_a_picture_only_what_is_painted_differs(easel: Easel, tmp_path: Path):
    easel.open(marked(tmp_path, 640, 480))
    easel.size(20)
    marks = easel.find()
    easel.dot(marks["green"])
    sketch = easel.sketch()
    x, y = place("green", 640, 480)
    assert sketch[y, x].tolist() == [0x20, 0x40, 0x80]
    x, y = place("red", 640, 480)
    assert sketch[y, x].tolist() == [250, 0, 0]
    assert sketch[5, 5].tolist() == [128, 128, 128]


def test_a_new_sheet_of_a_size_and_ground(easel: Easel):
    page = easel.page
    page.locator("#piece-canvas-sketch .options").get_by_label("Sheet: ground and size").click()
    menu = page.locator(".paint-menu:popover-open")
    menu.get_by_label("Width").fill("320")
    menu.get_by_label("Height").fill("200")
    menu.get_by_label("Ground").fill("#102030")
    menu.get_by_role("button", name="New empty sheet").click()
    sketch = easel.sketch()
    assert sketch.shape == (200, 320, 3)
    assert (sketch == [0x10, 0x20, 0x30]).all()


def test_others_are_told_of_each_stroke(easel: Easel):
    page = easel.page
    page.evaluate(
        "() => { window.told = []; window.ends = ['stroke', 'changed'].map((e) => atelier.canvas('sketch').on(e, (d) => told.push([e, d.tool ?? d.what]))); }"
    )
    x, y = middle(easel)
    easel.drag((x - 60, y), (x + 60, y))
    page.keyboard.press("Control+z")
    page.evaluate("() => { window.ends.forEach((end) => end()); }")
    easel.dot((x, y))
    assert page.evaluate("() => told") == [["changed", "brush"], ["stroke", "brush"], ["changed", "undo"]]


def test_a_new_brush_is_made_for_drawing_and_each_mode_remembers_its_own(visitors: Visitors, tmp_path: Path):
    page = visitors.come()
    shown = {}
    for name in ("sketch", "inpaint"):
        Easel(page, name).enter()
        shown[name] = page.locator(f"#piece-canvas-{name} .options").get_by_role("spinbutton", name="Size")
    to_tab(page, "sketch")
    expect(shown["sketch"]).to_have_value("12")  # of 512 pixels
    page.evaluate("() => atelier.canvas('sketch').sheet(1024, 1024)")
    expect(shown["sketch"]).to_have_value("24")
    Easel(page, "sketch").size(31)
    mask = Easel(page).enter()
    mask.open(marked(tmp_path, 600, 480))
    expect(shown["inpaint"]).to_have_value("40")
    page.reload()
    visitors.settle(page)
    Easel(page, "sketch").enter()
    page.evaluate("() => atelier.canvas('sketch').sheet(512, 512)")
    expect(shown["sketch"]).to_have_value("31")
