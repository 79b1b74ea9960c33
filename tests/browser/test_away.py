"""The server goes away and comes back under an open page."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Program, Visitors
from tests.browser.hands import WAIT, draw, generate, see_result, write

pytestmark = pytest.mark.browser


def test_what_is_typed_while_the_server_is_away_is_there_when_it_comes_back(
    page: Page, visitors: Visitors, program: Program
) -> None:
    draw(page)
    program.stop()
    try:
        expect(page.locator(".masthead .device")).to_have_text("No answer from the studio", timeout=WAIT)
        write(page, "prompt", "a white castle at dawn")
        page.locator("#theme").click()  # nothing lies over the header
    finally:
        program.start()
    expect(page.locator(".masthead .device")).to_contain_text("CPU", timeout=WAIT)
    page.wait_for_timeout(8000)  # Gradio reloads the page by itself, some seconds later
    visitors.settle(page)
    expect(page.locator("#field-prompt textarea")).to_have_value("a white castle at dawn", timeout=WAIT)
    generate(page)
    page.locator(".stage .caption .prompt", has_text="a white castle at dawn").wait_for()
    see_result(page)
