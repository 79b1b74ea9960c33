"""A person sorts pictures onto boards, by dragging and by the menu, shares one and takes one apart."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from engine.gallery.store import Gallery
from tests.browser.conftest import Program
from tests.browser.hands import to_tab
from tests.engine.gallery.pictures import file

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def pictures(program: Program) -> Iterator[None]:
    gallery = Gallery(program.folder / "data")
    ids = [
        gallery.take_in(file(colour=colour), f"{colour}.png", "nobody", seen_by=None, modified=1.5e9)[0].id
        for colour in ("red", "green", "blue")
    ]
    yield
    gallery.trash(ids, None)
    gallery.empty_trash(None, ids)
    gallery.close()


def test_pictures_are_laid_on_a_board_shared_and_taken_off_again(page: Page):
    to_tab(page, "gallery")
    page.locator("#gallery-search").fill("a red fox")
    count = page.locator(".gallery .count")
    expect(count).to_have_text("3 found")
    page.locator("#gallery-filter").click()
    boards = page.locator(".filters .boards")
    boards.get_by_role("button", name="New board").click()
    page.locator(".naming input").fill("Foxes <b>here</b>")
    page.keyboard.press("Enter")
    board = boards.locator(".option", has_text="Foxes <b>here</b>")
    expect(board.locator("i")).to_have_text("0")
    page.locator(".cell .item").nth(0).drag_to(board)
    expect(board.locator("i")).to_have_text("1")
    page.locator(".item").nth(1).press(" ")
    page.locator(".item").nth(2).press(" ")
    page.locator(".selection").get_by_role("button", name="Boards").click()
    page.locator(".choosing").get_by_label("Foxes").check()
    page.locator(".choosing").get_by_role("button", name="Done").click()
    expect(board.locator("i")).to_have_text("3")
    board.click()
    expect(count).to_have_text("3 found")
    strip = page.locator(".onboard")
    expect(strip).to_contain_text("only you see it")
    strip.get_by_role("button", name="Share", exact=True).click()
    expect(page.locator(".note").last).to_contain_text("Everybody in this studio sees Foxes <b>here</b> now")
    expect(strip).to_contain_text("shared with everybody")
    page.locator(".item").nth(0).press(" ")
    page.locator(".selection").get_by_role("button", name="Take off the board").click()
    expect(board.locator("i")).to_have_text("2")
    strip.get_by_role("button", name="Rename").click()
    page.locator(".naming input").fill("Reds")
    page.keyboard.press("Enter")
    expect(strip).to_contain_text("Reds")
    strip.get_by_role("button", name="Delete").click()
    page.locator("dialog.sure").get_by_role("button", name="Delete").click()
    expect(strip).to_be_hidden()
    expect(count).to_have_text("3 found")
