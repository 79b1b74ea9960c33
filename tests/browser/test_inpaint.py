"""A part of a picture is drawn anew, by hand and eye; all else stays."""

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.easel import Easel
from tests.browser.hands import draw, generate, see_result, to_tab, write

pytestmark = pytest.mark.browser


def newest(page: Page) -> dict[str, Any]:
    return page.request.get(f"{page.url}api/images").json()["images"][0]


def pixels(page: Page, image: dict[str, Any]) -> np.ndarray:
    return np.asarray(
        Image.open(io.BytesIO(page.request.get(f"{page.url}api/images/{image['id']}/file").body())).convert("RGB")
    )


def send(page: Page, to: str) -> None:
    page.locator(".stage .tools").get_by_label("Send to …").click()
    page.locator("#send-menu button", has_text=to).click()


def drawn(page: Page, prompt: str) -> None:
    write(page, "prompt", prompt)
    generate(page)
    page.locator(".stage .caption .prompt", has_text=prompt).wait_for()
    see_result(page)


def painted(easel: Easel, *points: tuple[float, float]) -> None:
    """A stroke through points given as shares of the picture."""
    page = easel.page
    page.evaluate("async (name) => { await atelier.canvas(name).ready; }", easel.name)
    box = easel.stage.bounding_box()
    side = min(box["width"], box["height"]) * 0.9  # it is shown whole, in the middle
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    places = [(left + x * side, top + y * side) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def test_a_mask_over_the_house_makes_it_a_car_and_nothing_else_changes(page: Page, visitors: Visitors):
    write(page, "seed", "5")
    draw(page, "a red house in a green meadow by day", steps=12)
    before = newest(page)
    send(page, "Inpaint")
    easel = Easel(page)
    easel.stage.wait_for()
    expect(page.locator("#piece-canvas-inpaint .paint-foot .facts")).to_contain_text("128 × 128")
    painted(easel, (0.35, 0.5), (0.65, 0.5), (0.65, 0.75), (0.35, 0.75))
    mask = easel.mask()
    assert 0 < (mask > 0).mean() < 0.5
    page.wait_for_timeout(1000)  # the browser writes it down a moment later

    page.reload()  # in the middle
    visitors.settle(page)
    expect(page.locator("#tab-inpaint-button")).to_have_class(re.compile("selected"))
    easel.stage.wait_for()
    page.evaluate("async (name) => { await atelier.canvas(name).ready; }", "inpaint")
    assert (easel.mask() == mask).all()

    drawn(page, "a blue car in a green meadow by day")
    after = newest(page)
    assert "Mask hash: " in after["infotext"]
    assert after["outside"] == 0
    expect(page.locator(".stage .caption .facts")).to_contain_text("nothing outside the mask changed")
    changed = (pixels(page, before) != pixels(page, after)).any(axis=2)
    near = np.asarray(Image.fromarray(mask).resize((128, 128)).point(lambda v: 255 if v else 0))
    assert changed.any()
    grown = np.asarray(Image.fromarray(near).filter(_widened()))
    assert not changed[grown == 0].any()


def _widened() -> Any:
    from PIL import ImageFilter

    return ImageFilter.MaxFilter(25)  # blur of 4 pixels reaches 12 far


def test_a_sketch_is_drawn_upon(page: Page):
    to_tab(page, "sketch")
    easel = Easel(page, "sketch")
    easel.stage.wait_for()
    page.locator("#sketch-way [data-way=colours]").click()
    painted(easel, (0.2, 0.6), (0.8, 0.6), (0.8, 0.9), (0.2, 0.9))
    drawn(page, "a red house in the snow")
    assert "Init image hash: " in newest(page)["infotext"]


def handles(easel: Easel) -> tuple[float, float, float]:
    """Where the pointer takes hold of the frame's left and right side, and at which height."""
    box, found = easel.stage.bounding_box(), {}
    y = box["y"] + box["height"] / 2
    for x in range(round(box["x"]) + 2, round(box["x"] + box["width"]) - 2, 4):
        easel.page.mouse.move(x, y)
        side = easel.stage.evaluate("(node) => node.style.cursor")
        found.setdefault(side, []).append(x)
    left, right = (sum(found[f"{side}-resize"]) / len(found[f"{side}-resize"]) for side in "we")
    return left, right, y


def test_a_picture_grows_to_the_right_by_dragging_its_frame_and_no_seam_is_seen(page: Page):
    """Across the border the picture changes no more than it does between its own columns."""
    prompt = "a red house on the left in a green meadow by day"
    write(page, "seed", "3")
    draw(page, prompt, steps=12)
    before = pixels(page, newest(page))
    send(page, "Inpaint")
    easel = Easel(page)
    easel.stage.wait_for()
    expect(page.locator("#piece-canvas-inpaint .paint-foot .facts")).to_contain_text("128 × 128")
    easel.tool("Frame: extend the picture")
    page.evaluate("async (name) => { await atelier.canvas(name).ready; }", easel.name)
    left, right, y = handles(easel)
    easel.drag((right, y), (right + (right - left) / 2, y))
    expect(page.locator("#piece-canvas-inpaint .paint-foot .facts")).to_contain_text("becomes 192 × 128")
    expect(page.locator("#field-width input[type=number]")).to_have_value("192")
    drawn(page, "a red house in a green meadow by day")
    after = pixels(page, newest(page))
    assert after.shape == (128, 192, 3)
    assert newest(page)["outside"] == 0
    steps = np.abs(np.diff(after.astype(float), axis=1)).mean((0, 2))  # between two columns
    assert steps[127] <= np.quantile(steps[:127], 0.95)
    kept = np.abs(after[:, :96].astype(int) - before[:, :96])
    assert kept.max() == 0


def test_without_a_mask_it_is_asked_for_in_words(page: Page):
    draw(page, "a boat on the sea")
    send(page, "Inpaint")
    Easel(page).stage.wait_for()
    expect(page.locator("#piece-canvas-inpaint .paint-foot .facts")).to_contain_text("128 × 128")
    generate(page)
    expect(page.locator(".stage .card.problem")).to_contain_text("There is no mask")
