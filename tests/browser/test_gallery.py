"""A person keeps, looks at, reuses and throws away pictures."""

import base64
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import draw, read, set_number, to_tab, write

pytestmark = pytest.mark.browser

DROP = """async ({ data, name }) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/png" }));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


def open_gallery(page: Page) -> None:
    to_tab(page, "gallery")
    page.locator(".item").first.wait_for()


def newest(page: Page) -> bytes:
    found = page.request.get(page.url + "api/images?limit=1").json()["images"][0]
    return page.request.get(page.url + f"api/images/{found['id']}/file?download=1").body()


def drop(page: Page, content: bytes) -> None:
    page.evaluate(DROP, {"data": base64.b64encode(content).decode(), "name": "dropped.png"})


def test_a_dropped_picture_fills_the_form(page: Page):
    draw(page, "a green tree in the snow", steps=5)
    picture = newest(page)
    write(page, "prompt", "something else")
    set_number(page, "steps", 40)
    drop(page, picture)
    expect(page.locator("dialog.apply")).to_be_visible()
    expect(page.get_by_role("button", name="Apply", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#field-prompt textarea")).to_have_value("a green tree in the snow")
    expect(page.locator("#field-steps input[type=number]")).to_have_value("5")
    assert read(page, "seed") != "-1"
    expect(page.locator(".note")).to_contain_text("Settings taken over")


def test_a_dropped_file_without_settings_is_answered_kindly(page: Page):
    drop(page, b"not a picture")
    expect(page.locator(".note")).to_contain_text("not a picture that can be opened")


def test_a_picture_in_the_trash_comes_back_by_undo_and_is_deleted_only_there(page: Page):
    draw(page, "a picture to keep")
    draw(page, "a picture to throw away")
    open_gallery(page)
    count, tile = page.locator(".gallery .count"), page.locator(".item[title='a picture to throw away']")
    expect(count).to_have_text(re.compile("[0-9]"))
    before = count.text_content() or ""
    page.locator(".item").first.click()
    expect(page.locator("dialog.viewer h2")).to_have_text("a picture to throw away")
    page.keyboard.press("Delete")
    expect(page.locator("dialog.viewer h2")).not_to_have_text("a picture to throw away")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("dialog.viewer h2")).to_have_text("a picture to throw away")
    page.keyboard.press("Escape")
    expect(count).to_have_text(before)
    tile.press("Delete")
    expect(tile).to_have_count(0)
    page.locator("#gallery-trash").click()
    expect(tile).to_have_count(1)
    tile.press("Delete")
    page.keyboard.press("Escape")  # no is the answer that costs nothing
    expect(tile).to_have_count(1)
    tile.press("Delete")
    page.locator("dialog.sure").get_by_role("button", name="Delete for good").click()
    expect(page.locator(".gallery .blank")).to_contain_text("The trash is empty")


def test_arrow_keys_turn_the_pages_and_escape_closes(page: Page):
    draw(page, "the older of two")
    draw(page, "the newer of two")
    open_gallery(page)
    page.locator(".item").first.click()
    title = page.locator("dialog.viewer h2")
    expect(title).to_have_text("the newer of two")
    page.keyboard.press("ArrowRight")
    expect(title).to_have_text("the older of two")
    page.keyboard.press("ArrowLeft")
    expect(title).to_have_text("the newer of two")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.viewer")).not_to_be_visible()


def test_settings_of_a_stored_picture_are_reused(page: Page):
    draw(page, "a white castle at sunset", steps=6)
    write(page, "prompt", "something else")
    open_gallery(page)
    page.locator(".item").first.click()
    page.get_by_role("button", name="Reuse settings").click()
    expect(page.locator("#field-prompt textarea")).to_be_visible()
    expect(page.locator("#field-prompt textarea")).to_have_value("a white castle at sunset")
    expect(page.locator("#field-steps input[type=number]")).to_have_value("6")


def test_a_download_is_the_untouched_file(page: Page):
    draw(page, "a picture to take home")
    with page.expect_download() as download:
        page.locator(".stage .tools a.tool").click()
    assert download.value.suggested_filename.endswith(".png")
    assert download.value.path().read_bytes() == newest(page)


def test_a_picture_of_the_strip_comes_on_the_stage_with_its_details(page: Page):
    draw(page, "the first on the strip")
    draw(page, "the second on the strip")
    page.locator(".thumb").nth(1).click()
    expect(page.locator(".stage .caption .prompt")).to_have_text("the first on the strip")
    expect(page.locator(".thumb").nth(1)).to_have_attribute("aria-pressed", "true")
