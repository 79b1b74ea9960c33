"""One's own queue on the page: seen, put in another order, paused and emptied, by keyboard and on a phone."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors

LONG = {"steps": 150, "width": 128, "height": 128}


def fill(page: Page, many: int = 11) -> None:
    """Eight of them are drawn at once."""
    for number in range(many):
        assert page.request.post(f"{page.url}api/jobs", data=LONG | {"prompt": f"house <b>{number}</b>"}).ok
    page.evaluate("() => atelier.look()")


def order(page: Page) -> list[str]:
    return page.locator("dialog.queue li[data-state=queued] .prompt").all_text_contents()


def test_ones_own_queue_is_put_in_order_paused_and_emptied_by_keyboard(page: Page) -> None:
    fill(page)
    expect(page.locator("#open-queue")).to_have_text("Queue (11)")
    page.evaluate("() => document.activeElement?.blur()")
    page.keyboard.press("q")
    rows = page.locator("dialog.queue li[data-state=queued]")
    expect(rows).to_have_count(3)
    first, second, third = order(page)
    assert third == "house <b>10</b>"  # text, not markup
    rows.nth(2).get_by_role("button", name="To the front").press("Enter")
    expect(rows.first).to_contain_text(third)
    assert order(page) == [third, first, second]
    rows.nth(1).get_by_role("button", name="Pause", exact=True).press("Enter")
    expect(page.locator("dialog.queue li[data-state=paused]")).to_contain_text(first)
    page.locator("#queue-resume").press("Enter")
    expect(rows).to_have_count(3)
    assert order(page) == [third, second, first]
    page.locator("#queue-cancel").press("Enter")
    expect(page.locator(".queue .nothing")).to_be_visible()


def test_it_fits_a_phone(visitors: Visitors) -> None:
    page = visitors.come(390, 844)
    fill(page)
    page.locator("#open-queue").click()
    row = page.locator("dialog.queue li[data-state=queued]").last
    for name in ("To the front", "One earlier", "Pause", "Cancel this job"):
        button = row.get_by_role("button", name=name, exact=True)
        button.scroll_into_view_if_needed()
        box = button.bounding_box()
        assert box
        assert box["width"] >= 40
        assert 0 <= box["x"] <= 390 - box["width"]
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.locator("#queue-cancel").click()
    expect(page.locator(".queue .nothing")).to_be_visible()
