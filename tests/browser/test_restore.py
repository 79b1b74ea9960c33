"""Upscale & restore in a browser: pictures in, steps over them, before and after; what survives a reload."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.hands import draw, to_tab

pytestmark = pytest.mark.browser


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = []
    for at, size in enumerate([(64, 48), (40, 40)]):
        paths.append(tmp_path / f"{at}.png")
        Image.effect_noise(size, 40).convert("RGB").save(paths[-1])
    return paths


def restored(page: Page) -> list[Image.Image]:
    found = []
    for one in page.locator(".restored .after").all():
        path = one.get_attribute("src")
        found.append(Image.open(io.BytesIO(page.request.get(f"{page.url}{path}").body())))
    return found


def test_pictures_go_through_the_steps_that_are_on_and_are_there_after_a_reload(
    page: Page, visitors: Visitors, files: list[Path]
) -> None:
    to_tab(page, "restore")
    expect(page.locator("#restore-go")).to_be_disabled()
    page.locator("#restore-file").set_input_files(files)
    expect(page.locator(".restored")).to_have_count(2)
    page.locator("#restore-denoise").check()
    page.locator("[data-kind=upscale] .figure").first.fill("3")
    page.locator("[data-kind=upscale] .figure").first.blur()
    page.locator("#restore-go").click()
    expect(page.locator(".restored.made")).to_have_count(2)
    assert [one.size for one in restored(page)] == [(192, 144), (120, 120)]
    expect(page.locator(".restored .facts").first).to_have_text("64 × 48 → 192 × 144")
    page.reload()
    visitors.settle(page)
    to_tab(page, "restore")
    expect(page.locator(".restored.made")).to_have_count(2)
    expect(page.locator("#restore-denoise")).to_be_checked()
    assert page.locator("[data-kind=upscale] .figure").first.input_value() == "3"


def test_a_picture_is_sent_from_the_stage_and_knows_what_it_was(page: Page) -> None:
    draw(page, "a yellow boat on the sea")
    page.get_by_label("Send to …").first.click()
    page.locator("#send-menu button", has_text="Upscale & restore").click()
    expect(page.locator(".restored .facts")).to_have_text("128 × 128")
    page.locator("#restore-go").click()
    expect(page.locator(".restored.made")).to_have_count(1)
    page.locator(".restored").get_by_label("Compare").click()
    expect(page.locator("dialog.compare")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".restored .tools button").last.click()
    sheet = page.locator("dialog.viewer .sheet")
    expect(sheet.locator(".lineage button")).to_have_count(2)
    expect(sheet).to_contain_text("Postprocess upscale by: 2")
    sheet.locator(".lineage ul ul button").click()
    expect(page.locator("dialog.compare .differences")).to_contain_text("128")


def test_steps_are_put_in_another_order_and_reset(page: Page) -> None:
    to_tab(page, "restore")

    def order() -> list[str | None]:
        return [one.get_attribute("data-kind") for one in page.locator(".restoring .steps > li").all()]

    first = order()
    page.locator("[data-kind=upscale] .go-up").click()
    assert order() == ["denoise", "upscale", "deblur", *first[3:]]
    page.locator(".restoring .panel > header .link").click()
    assert order() == first


def test_no_step_and_a_file_that_is_no_picture_are_answered_in_words(
    page: Page, files: list[Path], tmp_path: Path
) -> None:
    to_tab(page, "restore")
    (tmp_path / "x.png").write_bytes(b"no picture")
    page.locator("#restore-file").set_input_files([tmp_path / "x.png"])
    expect(page.locator(".restoring .wrong")).not_to_be_empty()
    page.locator("#restore-file").set_input_files(files[:1])
    page.locator("#restore-upscale").uncheck()
    page.locator("#restore-go").click()
    expect(page.locator(".restoring .wrong")).to_have_text(re.compile("Turn a step on"))
