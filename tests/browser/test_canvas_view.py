"""The canvas's camera and frame: paint lands where it is pointed, whatever the window, the zoom and the screen."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Visitors
from tests.browser.easel import Easel, centre, marked, place

pytestmark = pytest.mark.browser
WIDTH, HEIGHT = 640, 480


def come(visitors: Visitors, tmp_path: Path, width: int = 1440, height: int = 900, **options: Any) -> Easel:
    easel = Easel(visitors.come(width, height, **options)).enter()
    easel.open(marked(tmp_path, WIDTH, HEIGHT))
    easel.size(16)
    return easel


@pytest.fixture
def easel(visitors: Visitors, tmp_path: Path) -> Easel:
    return come(visitors, tmp_path)


def lands(easel: Easel, mark: str, within: float = 1.5) -> None:
    """A dot on a mark that is seen is a dot on the mark in the mask."""
    easel.dot(easel.find()[mark])
    assert centre(easel.mask()) == pytest.approx(place(mark, WIDTH, HEIGHT), abs=within)


def test_after_zoom_and_pan(easel: Easel):
    x, y = easel.find()["red"]
    easel.page.mouse.move(x, y)
    for _ in range(6):
        easel.page.mouse.wheel(0, -200)
    again = easel.find()["red"]
    assert again == pytest.approx((x, y), abs=6), "the point under the pointer stays"
    easel.stage.hover()
    easel.page.keyboard.down("Space")
    easel.drag((x, y), (x + 150, y + 90))
    easel.page.keyboard.up("Space")
    assert easel.find()["red"] == pytest.approx((x + 150, y + 90), abs=6)
    assert easel.page.evaluate("() => atelier.canvas('inpaint').empty()")
    lands(easel, "red", 0.8)
    easel.page.keyboard.press("0")
    assert set(easel.find()) >= {"green", "blue", "yellow"}, "all in sight again"


def test_after_the_window_became_another(easel: Easel):
    for width, height in ((1024, 700), (820, 900), (1400, 800)):
        easel.page.set_viewport_size({"width": width, "height": height})
        lands(easel, "green")
        easel.page.keyboard.press("Control+z")


def test_after_the_page_was_scrolled(visitors: Visitors, tmp_path: Path):
    easel = come(visitors, tmp_path, 740, 900)
    before = easel.stage.bounding_box()["y"]
    easel.page.evaluate("() => scrollBy(0, 90)")
    easel.page.wait_for_function(
        "(y) => document.querySelector('#piece-canvas-inpaint .paint-stage').getBoundingClientRect().y < y - 40",
        arg=before,
    )
    lands(easel, "yellow")


def test_on_a_dense_screen(visitors: Visitors, tmp_path: Path):
    easel = come(visitors, tmp_path, device_scale_factor=2)
    lands(easel, "blue")
    sheet = easel.page.locator("#piece-canvas-inpaint canvas.sheet")
    assert sheet.evaluate("(c) => c.width") == 2 * sheet.evaluate("(c) => c.clientWidth"), (
        "drawn at the screen's own density"
    )


def test_in_full_screen_and_back(easel: Easel):
    easel.stage.focus()
    easel.page.keyboard.press("f")
    box = easel.page.locator("#piece-canvas-inpaint .paint").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 1440, "height": 900}
    lands(easel, "red")
    easel.page.keyboard.press("Control+z")
    easel.page.keyboard.press("f")
    box = easel.page.locator("#piece-canvas-inpaint .paint").bounding_box()
    assert box is not None
    assert box["width"] < 1440
    lands(easel, "red")


def test_two_fingers_move_and_zoom_and_paint_nothing(visitors: Visitors, tmp_path: Path):
    easel = come(visitors, tmp_path, 390, 844, has_touch=True, is_mobile=True)
    marks = easel.find()
    session = easel.page.context.new_cdp_session(easel.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]},
        )

    (ax, ay), bx = marks["red"], marks["green"][0]
    y = (ay + marks["blue"][1]) / 2
    touch("touchStart", (ax + 30, y))
    touch("touchMove", (ax + 34, y))  # it looks like a stroke until the second finger is there
    touch("touchStart", (ax + 34, y), (bx - 30, y))
    for step in range(1, 6):
        touch("touchMove", (ax + 34 - 4 * step, y), (bx - 30 + 4 * step, y))
    touch("touchEnd")
    assert easel.page.evaluate("() => atelier.canvas('inpaint').empty()")
    after = easel.find()
    assert after["green"][0] - after["red"][0] > (bx - ax) * 1.15
    touch("touchStart", after["red"])
    touch("touchMove", (after["red"][0] + 20, after["red"][1]))
    touch("touchEnd")
    mask = easel.mask()
    x0, y0 = place("red", WIDTH, HEIGHT)
    assert mask[y0, x0] == 255, "one finger paints"
    assert mask[y0, x0 - 14] == 0


def test_a_pen_presses_harder(easel: Easel):
    marks = easel.find()
    session = easel.page.context.new_cdp_session(easel.page)

    def pen(kind: str, at: tuple[float, float], force: float) -> None:
        session.send(
            "Input.dispatchMouseEvent",
            {
                "type": kind,
                "x": at[0],
                "y": at[1],
                "button": "left",
                "buttons": 1,
                "pointerType": "pen",
                "force": force,
            },
        )

    for mark, force in (("red", 0.1), ("green", 1.0)):
        pen("mousePressed", marks[mark], force)
        pen("mouseReleased", marks[mark], 0)
    mask = easel.mask() > 127
    assert 0 < mask[:, : WIDTH // 2].sum() * 4 < mask[:, WIDTH // 2 :].sum()


def test_the_frame_is_dragged_out_and_taken_back(easel: Easel):
    page = easel.page
    frame = "() => atelier.canvas('inpaint').frame()"
    easel.stage.hover()
    page.keyboard.press("o")
    page.keyboard.press("-")
    marks = easel.find()
    scale = (marks["green"][0] - marks["red"][0]) / (WIDTH / 2)
    right, middle = marks["green"][0] + WIDTH / 4 * scale, (marks["red"][1] + marks["blue"][1]) / 2
    easel.drag((right, middle), (right + 128 * scale, middle))
    assert page.evaluate(frame) == {"left": 0, "top": 0, "right": 128, "bottom": 0}
    page.locator("#piece-canvas-inpaint .options").get_by_label("Top").fill("64")
    page.keyboard.press("Enter")
    page.locator("#piece-canvas-inpaint .options").get_by_label("Top").blur()
    assert page.evaluate(frame)["top"] == 64
    assert "becomes 768 × 544" in page.locator("#piece-canvas-inpaint .paint-foot .facts").inner_text()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert page.evaluate(frame) == {"left": 0, "top": 0, "right": 0, "bottom": 0}
    page.evaluate("() => atelier.canvas('inpaint').resizeFrame({ left: 9000 })")
    assert page.evaluate(frame)["left"] == 4096 - WIDTH
    page.keyboard.press("b")
    lands(easel, "red", 8)
