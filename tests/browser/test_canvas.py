"""The canvas: what a hand paints is what the mask holds, pixel by pixel, and can be taken back."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.easel import Easel, centre, marked, place

pytestmark = pytest.mark.browser
WIDTH, HEIGHT = 640, 480


@pytest.fixture
def easel(painter: Page, tmp_path: Path) -> Easel:
    made = Easel(painter).enter()
    made.open(marked(tmp_path, WIDTH, HEIGHT))
    made.ready()
    return made


def test_a_stroke_is_in_the_mask_where_the_hand_was_and_nowhere_else(easel: Easel):
    marks = easel.find()
    easel.drag(marks["red"], marks["green"])
    mask = easel.mask()
    assert mask.shape == (HEIGHT, WIDTH)
    (x0, y), (x1, _) = place("red", WIDTH, HEIGHT), place("green", WIDTH, HEIGHT)
    assert (mask[y - 5 : y + 5, x0:x1] == 255).all()
    far = np.ones_like(mask, bool)
    far[y - 13 : y + 13, x0 - 13 : x1 + 13] = False
    assert (mask[far] == 0).all()


def test_opacity_and_softness_are_grey_values(easel: Easel):
    marks = easel.find()
    options = easel.page.locator("#piece-canvas-inpaint .options")
    options.get_by_role("spinbutton", name="Opacity").fill("50")
    options.get_by_role("spinbutton", name="Softness").fill("100")
    options.get_by_role("spinbutton", name="Size").fill("100")
    options.get_by_role("spinbutton", name="Size").blur()
    easel.drag(marks["red"], marks["green"], marks["red"])  # over itself: a stroke does not add up
    x, y = place("red", WIDTH, HEIGHT)
    column = easel.mask()[y : y + 52, x + 100].astype(int)
    assert 125 <= column[0] <= 129
    assert (np.diff(column) <= 0).all()
    assert len(set(column)) > 20
    assert column[51] == 0


def test_eraser_right_button_and_swap(easel: Easel):
    marks = easel.find()
    easel.drag(marks["red"], marks["green"])
    full = easel.mask().sum()
    easel.page.keyboard.press("e")
    easel.dot(marks["red"])
    less = easel.mask().sum()
    x, y = place("red", WIDTH, HEIGHT)
    assert easel.mask()[y, x] == 0
    assert less < full
    easel.page.keyboard.press("x")  # the brush again
    easel.dot(marks["blue"])
    x, y = place("blue", WIDTH, HEIGHT)
    assert easel.mask()[y, x] == 255
    easel.drag(marks["blue"], button="right")
    assert easel.mask()[y, x] == 0


def test_undo_and_redo_go_step_by_step_and_a_new_stroke_ends_what_could_be_redone(easel: Easel):
    marks = easel.find()
    states = [easel.mask()]
    for name in ("red", "green", "blue"):
        easel.dot(marks[name])
        states.append(easel.mask())
    for state in reversed(states[:-1]):
        easel.page.keyboard.press("Control+z")
        assert (easel.mask() == state).all()
    for state in states[1:3]:
        easel.page.keyboard.press("Control+Shift+z")
        assert (easel.mask() == state).all()
    easel.dot(marks["yellow"])
    expect(easel.page.locator("#piece-canvas-inpaint .rail").get_by_label("Redo")).to_be_disabled()
    easel.tool("Undo")
    assert (easel.mask() == states[2]).all()


def test_sixty_four_steps_are_kept(easel: Easel):
    marks = easel.find()
    x, y = marks["red"]
    for step in range(66):
        easel.dot((x + 4 * (step % 11), y + 4 * (step // 11)))
    assert easel.page.evaluate("() => atelier.canvas('inpaint').steps") == [64, 0]
    for _ in range(66):
        easel.page.keyboard.press("Control+z")
    assert easel.page.evaluate("() => atelier.canvas('inpaint').steps") == [0, 64]
    left = easel.mask()
    assert 300 < (left > 127).sum() < 450, "two dots of 20 pixels, 4 apart"


def test_a_large_history_stays_small(easel: Easel, tmp_path: Path):
    easel.open(marked(tmp_path, 2048, 2048))
    box = easel.stage.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    easel.size(600)
    for turn in range(12):
        easel.page.keyboard.press("x") if turn else None
        easel.drag((x - 200, y - 200), (x + 200, y + 200), (x + 200, y - 200), steps=4)
    assert easel.page.evaluate("() => atelier.canvas('inpaint').held") < 12 * 2048 * 2048 / 4


def test_lasso_rectangle_and_fill(easel: Easel):
    marks = easel.find()
    easel.tool("Lasso")
    easel.drag(marks["red"], marks["green"], marks["blue"], steps=20)
    mask = easel.mask()
    assert mask[150, 250] == 255, "inside the triangle"
    assert mask[300, 400] == 0
    area = (mask > 127).sum()
    assert abs(area - 320 * 240 / 2) < 900
    easel.page.keyboard.press("r")
    easel.page.locator("#piece-canvas-inpaint .options").get_by_role("button", name="Take away").click()
    easel.drag(marks["red"], marks["yellow"], steps=8)
    assert (easel.mask() > 127).sum() < 900, "the triangle lay inside the rectangle"
    easel.page.locator("#piece-canvas-inpaint .options").get_by_role("button", name="Add").click()
    easel.page.keyboard.press("Delete")
    easel.drag(marks["red"], marks["yellow"], steps=8)
    assert abs(int((easel.mask() == 255).sum()) - 320 * 240) < 1200
    assert set(np.unique(easel.mask())) == {0, 255}, "edges on whole pixels"
    easel.page.keyboard.press("i")
    assert easel.mask()[240, 320] == 0
    assert easel.mask()[10, 10] == 255


def test_fill_takes_an_outlined_area_without_a_hair_left(easel: Easel):
    marks = easel.find()
    easel.drag(marks["red"], marks["green"], marks["yellow"], marks["blue"], marks["red"])
    easel.page.keyboard.press("g")
    (x0, y0), (x1, y1) = marks["red"], marks["yellow"]
    easel.page.mouse.click((x0 + x1) / 2, (y0 + y1) / 2)
    mask = easel.mask()
    assert (mask[120:360, 160:480] == 255).all()
    assert mask[50, 50] == 0


def test_a_rectangle_by_keyboard_alone(easel: Easel):
    page = easel.page
    easel.stage.focus()
    page.keyboard.press("n")
    for value in ("100", "50", "200", "120"):
        page.keyboard.press("Tab")
        page.keyboard.press("Control+a")
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[50:170, 100:300] = 255
    assert (easel.mask() == expected).all()
    expect(page.locator("#piece-canvas-inpaint [role=status]")).to_contain_text(
        "Rectangle added: 200 × 120 at 100, 50."
    )
    page.locator("#piece-canvas-inpaint .numbers select").select_option("ellipse")
    page.locator("#piece-canvas-inpaint .numbers").get_by_role("button", name="Take away").click()
    mask = easel.mask()
    assert mask[110, 200] == 0
    assert mask[51, 101] == 255
    page.locator("#piece-canvas-inpaint .numbers").get_by_label("X", exact=True).fill("900")
    page.locator("#piece-canvas-inpaint .numbers").get_by_role("button", name="Add").click()
    expect(page.locator(".note")).to_contain_text("This shape lies outside the picture.")


def test_keys_do_nothing_while_a_text_is_written(easel: Easel):
    marks = easel.find()
    easel.dot(marks["red"])
    before = easel.mask()
    easel.page.locator("#field-prompt textarea").fill("")
    easel.page.locator("#field-prompt textarea").press_sequentially("begin xi")
    easel.page.keyboard.press("Backspace")
    easel.page.keyboard.press("Control+z")
    assert (easel.mask() == before).all()
    expect(easel.page.locator("#piece-canvas-inpaint .rail").get_by_label("Brush")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_the_size_follows_its_keys(easel: Easel):
    marks = easel.find()
    for _ in range(4):
        easel.page.keyboard.press("]")
    size = int(
        easel.page.locator("#piece-canvas-inpaint .options").get_by_role("spinbutton", name="Size").input_value()
    )
    assert size > 30
    easel.dot(marks["red"])
    xs = np.nonzero((easel.mask() > 0).any(0))[0]
    assert abs(len(xs) - size) <= 2
    assert centre(easel.mask()) == pytest.approx(place("red", WIDTH, HEIGHT), abs=1.5)
