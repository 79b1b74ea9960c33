"""A person draws a picture again, and opens the recipe of one from a link and from a file."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.hands import draw

pytestmark = pytest.mark.browser


def test_a_picture_is_reproduced_and_its_recipe_opened(page: Page, visitors: Visitors, tmp_path: Path):
    draw(page, "a house <i>to pass on</i>", 3)
    image = page.evaluate("() => atelier.snapshot.jobs.at(-1).pictures[0].image")
    page.evaluate("(id) => atelier.details(id, [id])", image)
    viewer = page.locator("dialog.viewer")
    viewer.get_by_role("button", name="Reproduce").click()
    expect(page.locator(".reproduce .verdict")).to_contain_text("Identical.", timeout=45_000)
    page.keyboard.press("Escape")
    viewer.get_by_role("button", name="Recipe").click()
    with page.expect_download() as download:
        page.locator(".reproduce").get_by_role("button", name="Save as a file").click()
    download.value.save_as(tmp_path / "house.json")
    link = page.evaluate("async (id) => (await atelier.ask(`api/images/${id}/recipe-link`)).link", image)

    other = visitors.come()
    other.goto(f"{visitors.url}{link}")
    dialog = other.locator("dialog.apply")
    expect(dialog).to_contain_text("a house <i>to pass on</i>", timeout=45_000)
    assert "#" not in other.url
    other.keyboard.press("Enter")
    expect(dialog).not_to_be_visible()
    expect(other.locator("#field-prompt textarea")).to_have_value("a house <i>to pass on</i>")

    recipe = json.loads((tmp_path / "house.json").read_text())
    recipe["request"] |= {"checkpoint": "elsewhere", "checkpoint_hash": "0123456789", "prompt": "a barn"}
    (tmp_path / "barn.json").write_text(json.dumps(recipe))
    other.locator("#open-file").set_input_files(str(tmp_path / "barn.json"))
    expect(dialog).to_contain_text("elsewhere [0123456789]")
    other.keyboard.press("Enter")
    expect(dialog).not_to_be_visible()
    expect(other.locator("#field-prompt textarea")).to_have_value("a barn")
