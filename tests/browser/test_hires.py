"""A second pass and its hints in a browser: fields of text to image alone, a larger picture, a remedy at a press."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.hands import generate, read, see_result, to_tab, write

pytestmark = pytest.mark.browser


def number(page: Page, name: str, value: str) -> None:
    field = page.locator(f"#field-{name} input[type=number]")
    field.fill(value)
    field.blur()


def test_a_second_pass_draws_the_picture_larger_and_only_text_to_image_has_it(page: Page) -> None:
    page.locator("#group-hires > button").click()
    number(page, "hires_scale", "2")
    number(page, "hires_steps", "4")
    number(page, "steps", "6")
    write(page, "prompt", "a red house in a green meadow by day")
    expect(page.locator("#group-hires > button")).to_have_attribute("data-changed", re.compile("2"))
    generate(page)
    see_result(page)
    path = page.locator(".stage .cell img").first.get_attribute("src")
    file = Image.open(io.BytesIO(page.request.get(f"{page.url}{path}").body()))
    assert file.size == (256, 256)
    assert "Hires upscale: 2, Hires steps: 4, Hires upscaler: Latent" in file.text["parameters"]  # pyright: ignore[reportAttributeAccessIssue]
    to_tab(page, "img2img")
    expect(page.locator("#group-hires")).to_be_hidden()


def test_a_hint_says_what_is_wrong_and_sets_the_remedy(page: Page) -> None:
    number(page, "steps", "3")
    write(page, "prompt", "a red house in a green meadow by day")
    generate(page)
    see_result(page)
    page.locator(".stage .tools").get_by_label("Why does this look wrong?").click()
    dialog = page.locator("dialog.hints")
    expect(dialog.locator("li").first).to_contain_text("3 steps are few")
    dialog.get_by_role("button", name="Set Steps to 25").click()
    page.keyboard.press("Escape")
    expect(page.locator("#field-steps input[type=number]")).to_have_value("25")
    assert read(page, "prompt") == "a red house in a green meadow by day"
