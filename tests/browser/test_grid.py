"""A person compares samplers and steps at a glance."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import set_number, to_tab, write

pytestmark = pytest.mark.browser


def test_a_grid_is_built_fills_is_looked_at_and_taken_away(page: Page):
    write(page, "prompt", "a red house in the snow")
    set_number(page, "guidance", 3)
    to_tab(page, "grid")
    expect(page.locator(".gridpage .base")).to_contain_text("a red house in the snow")
    expect(page.locator(".gridpage .base")).to_contain_text("Guidance 3")

    for name in ("Euler", "DDIM"):
        page.locator(".axis").nth(0).get_by_role("button", name=name, exact=True).click()
    steps = page.get_by_label("Values of axis Y")
    steps.fill("3-200 (+1)")
    expect(page.locator(".understood.wrong")).to_contain_text("Steps must be between 1 and 150")
    expect(page.locator(".gridpage .start")).to_be_disabled()
    steps.fill("3-5")
    expect(page.locator(".axis").nth(1).locator(".understood")).to_have_text("3 values: 3, 4, 5")
    expect(page.locator(".estimate")).to_contain_text("6 cells · 24 network calls")
    page.get_by_role("button", name="Draw 6 cells").click()

    boxes = page.locator(".scroller .box")
    expect(boxes).to_have_count(6)
    expect(page.locator(".scroller .box.done img")).to_have_count(6, timeout=60_000)
    expect(page.locator(".gridpage .state")).to_contain_text("all 6 done")
    boxes.nth(5).hover()
    expect(page.locator(".gridpage .caption .place")).to_have_text("Sampler DDIM  ·  Steps 5")
    boxes.nth(5).click()
    dialog = page.locator("dialog.viewer")
    expect(dialog).to_contain_text("DDIM")
    expect(dialog.locator("h2")).to_have_text("a red house in the snow")
    page.keyboard.press("Escape")

    page.locator(".gridpage .tools").get_by_role("button", name="Compare two cells").click()
    boxes.nth(0).click()
    boxes.nth(5).click()
    expect(page.locator("dialog.beside img")).to_have_count(2)
    expect(page.locator("dialog.beside tr", has_text="Steps")).to_contain_text(re.compile("Steps.*3.*5"))
    page.keyboard.press("Escape")

    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a web page").click()
    assert download.value.path().read_text().count("data:image/png;base64,") == 6
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as one picture").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")

    page.reload()
    to_tab(page, "grid")
    expect(page.locator(".scroller .box.done img")).to_have_count(6)
    page.locator(".gridpage .tools").get_by_role("button", name="Delete the grid").click()
    page.locator(".gridpage .tools").get_by_role("button", name="Delete").click()
    expect(page.locator(".scroller .box")).to_have_count(0)


def test_a_mistake_is_told_with_the_letter_of_its_card_and_the_base_in_the_pages_words(page: Page):
    write(page, "prompt", "a red house")
    page.evaluate("atelier.fill({ exact: true }, { quiet: true })")
    page.wait_for_function("() => atelier.form.exact === true")
    to_tab(page, "grid")
    expect(page.locator(".gridpage .base span")).to_have_text("Postcard  ·  Exact Yes")
    for axis in ("X", "Y"):
        page.get_by_label(f"What axis {axis} varies").select_option("")
    page.get_by_label("What axis Z varies").select_option("matrix")
    expect(page.locator(".axis").nth(2).locator(".understood")).to_contain_text("Axis Z: There is nothing to combine.")
