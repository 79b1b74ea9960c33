"""Edit again: a picture goes back to the canvas that it was drawn from, and the next one is the same to the pixel."""

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Program, Visitors
from tests.browser.easel import Easel
from tests.browser.hands import draw, generate, set_number, to_tab, write
from tests.browser.test_inpaint import drawn, newest, painted, pixels, send

pytestmark = pytest.mark.browser


def edit_again(page: Page, image: dict[str, Any]) -> None:
    """From the gallery's viewer."""
    page.evaluate("(id) => atelier.details(id)", image["id"])
    page.get_by_role("dialog").get_by_role("button", name="Edit again").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator(".note", has_text="Settings taken over").wait_for()


def once_more(page: Page, before: dict[str, Any]) -> dict[str, Any]:
    """Drawn with nothing changed."""
    generate(page)
    for _ in range(600):
        if newest(page)["id"] != before["id"]:
            return newest(page)
        page.wait_for_timeout(50)
    raise AssertionError("nothing was drawn")


def test_a_mask_with_soft_greys_and_its_frame_come_back_with_all_settings(page: Page):
    write(page, "seed", "5")
    draw(page, "a red house in a green meadow by day")
    send(page, "Inpaint")
    easel = Easel(page).enter()
    expect(page.locator("#piece-canvas-inpaint .paint-foot .facts")).to_contain_text("128 × 128")
    options = page.locator("#piece-canvas-inpaint .options")
    options.get_by_role("spinbutton", name="Opacity").fill("60")
    options.get_by_role("spinbutton", name="Softness").fill("80")
    options.get_by_role("spinbutton", name="Softness").blur()
    painted(easel, (0.3, 0.5), (0.7, 0.6))
    page.evaluate("() => atelier.canvas('inpaint').resizeFrame({ right: 32, top: 16 })")
    page.locator(".ranged:has(#start-strength) input[type=number]").fill("0.9")
    page.locator(".ranged:has(#start-strength) input[type=number]").blur()
    expect(page.locator("#field-width input[type=number]")).to_have_value("160")
    drawn(page, "a blue car in a green meadow by day")
    mask, first = easel.mask(), newest(page)
    assert len(np.unique(mask)) > 20, "it is soft"

    page.evaluate("() => { const c = atelier.canvas('inpaint'); c.clear(); c.resizeFrame({ right: 0, top: 0 }); }")
    page.locator(".ranged:has(#start-strength) input[type=number]").fill("0.4")
    page.locator(".ranged:has(#start-strength) input[type=number]").blur()
    set_number(page, "steps", 9)
    to_tab(page, "txt2img")
    edit_again(page, first)
    easel.stage.wait_for()
    assert (easel.mask() == mask).all()
    assert page.evaluate("() => atelier.canvas('inpaint').frame()") == {"left": 0, "top": 16, "right": 32, "bottom": 0}
    second = once_more(page, first)
    assert second["values"] == first["values"], "the same mask's and picture's digest among them"
    assert (pixels(page, second) == pixels(page, first)).all()


def test_a_sketch_comes_back_in_layers_that_can_be_erased(page: Page):
    write(page, "seed", "7")
    set_number(page, "steps", 4)
    easel = Easel(page, "sketch").enter()
    page.evaluate("() => atelier.canvas('sketch').sheet(256, 256, '#f0e0d0')")
    options = page.locator("#piece-canvas-sketch .options")
    options.get_by_role("spinbutton", name="Opacity").fill("50")
    options.get_by_role("spinbutton", name="Size").fill("40")
    options.get_by_role("spinbutton", name="Size").blur()
    page.locator("#piece-canvas-sketch input.swatch").fill("#d03020")
    painted(easel, (0.2, 0.6), (0.8, 0.6))
    page.locator("#piece-canvas-sketch input.swatch").fill("#2040d0")
    painted(easel, (0.5, 0.2), (0.5, 0.9))
    page.locator("#sketch-way [data-way=both]").click()
    page.locator(".ranged:has(#sketch-weight) input[type=number]").fill("0.7")
    page.locator(".ranged:has(#sketch-weight) input[type=number]").blur()
    drawn(page, "a red house in the snow")
    sketch, first = easel.sketch(), newest(page)

    page.evaluate("() => atelier.canvas('sketch').sheet(512, 512, '#ffffff')")
    page.locator("#sketch-way [data-way=lines]").click()
    to_tab(page, "txt2img")
    edit_again(page, first)
    easel.stage.wait_for()
    expect(page.locator("#sketch-way [aria-pressed=true]")).to_have_text("Lines and colours")
    assert (easel.sketch() == sketch).all()
    second = once_more(page, first)
    assert second["values"] == first["values"]
    assert (pixels(page, second) == pixels(page, first)).all()
    easel.tool("Eraser")  # where the sketch is seen: it is fitted, though it came while another tab was open
    options.get_by_role("spinbutton", name="Opacity").fill("100")
    options.get_by_role("spinbutton", name="Opacity").blur()
    painted(easel, (0.3, 0.6), (0.7, 0.6))
    assert easel.sketch()[154, 100].tolist() == [0xF0, 0xE0, 0xD0], "the eraser shows the ground"


def test_it_says_what_was_cleared_and_changes_nothing(visitors: Visitors, program: Program):
    page = visitors.come()
    draw(page, "a boat on the sea")
    send(page, "Inpaint")
    easel = Easel(page).enter()
    painted(easel, (0.3, 0.5), (0.7, 0.6))
    drawn(page, "a blue boat on the sea")
    mask, image = easel.mask(), newest(page)
    (program.folder / "data" / "inputs" / image["values"]["mask"]).unlink()
    page.evaluate("(id) => atelier.details(id)", image["id"])
    page.get_by_role("dialog").get_by_role("button", name="Edit again").click()
    expect(page.locator(".note").last).to_contain_text("The mask of this picture was cleared from the studio.")
    assert (easel.mask() == mask).all()
