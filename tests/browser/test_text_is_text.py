"""What people write is shown as they wrote it, wherever it appears; nothing of it runs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.hands import draw, to_tab, write
from tests.browser.test_gallery import drop
from tests.engine.metadata.files import png

pytestmark = pytest.mark.browser
EVIL = '<img src=x onerror="window.harmed=1">'
SETTINGS = f"a boat {EVIL}\nSteps: 7, Sampler: Euler, CFG scale: 3, Seed: 5, Size: 128x128, Model: {EVIL}, Odd: {EVIL}"


@pytest.fixture
def page(visitors: Visitors) -> Iterator[Page]:
    """A picture of such a prompt has been drawn; at the end nothing has run."""
    page = visitors.come()
    draw(page, f"a house {EVIL}", steps=2)
    yield page
    page.wait_for_timeout(300)  # an image that fails needs a moment to say so
    assert page.evaluate("() => window.harmed") is None
    assert page.locator("img[src=x], img[onerror]").count() == 0


def test_in_the_prompt_its_line_and_the_styles(page: Page):
    write(page, "prompt", f"a ({EVIL.replace('=', '-')}:1.2) house")
    expect(page.locator(".understood .reading b")).to_have_text(EVIL.replace("=", "-"))
    write(page, "prompt", "<img> {")
    expect(page.locator(".understood .reading.wrong")).to_contain_text("<img> {")
    write(page, "prompt", EVIL)
    page.get_by_role("button", name="Styles", exact=True).click()
    dialog = page.locator("dialog.styles")
    dialog.get_by_role("button", name="Save the prompt as a style").click()
    dialog.locator("#style-name").fill(EVIL)
    dialog.get_by_role("button", name="Save", exact=True).click()
    row = dialog.locator("li", has_text="<img")  # other tests leave styles of their own
    expect(row.locator("b")).to_have_text(EVIL)
    expect(row.locator("small")).to_have_text(EVIL)
    expect(page.locator(".note p").first).to_contain_text(EVIL)
    dialog.get_by_role("button", name=f"Edit: {EVIL}").click()
    expect(dialog.locator("h2")).to_have_text(EVIL)
    page.keyboard.press("Escape")
    expect(page.locator(".wear span")).to_have_text(EVIL)
    page.locator(".wear").click()
    page.request.delete(page.url + "api/styles", params={"name": EVIL})


def test_in_presets_and_earlier_prompts(page: Page):
    page.locator("#open-presets").click()
    dialog = page.locator("dialog.presets")
    expect(dialog.locator(".fields b", has_text="<img")).to_have_text(f"a house {EVIL}")
    dialog.locator("#preset-name").fill(EVIL)
    dialog.locator(".check", has_text="Prompt").first.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.locator(".entry b", has_text="<img")).to_have_text(EVIL)
    expect(dialog.locator("h3")).to_have_text(EVIL)
    page.keyboard.press("Escape")
    write(page, "prompt", "something else")
    page.wait_for_function("() => atelier.form.prompt === 'something else'")
    page.locator("#open-presets").click()
    dialog.locator(".entry", has_text="<img").click()
    expect(dialog.locator("tbody tr", has_text="Prompt").locator("td").nth(1)).to_have_text(f"a house {EVIL}")
    page.keyboard.press("Escape")
    page.locator("#open-history").click()
    expect(page.locator("dialog.history .pick span")).to_have_text(f"a house {EVIL}")
    for preset in page.request.get(page.url + "api/presets").json()["presets"]:
        if preset["name"] == EVIL:  # on one's own machine everybody would see it
            page.request.delete(f"{page.url}api/presets/{preset['id']}")


def test_in_the_gallery_and_how_it_was_made(page: Page):
    to_tab(page, "gallery")
    page.locator(".item").first.click()
    expect(page.locator("dialog.viewer h2")).to_have_text(f"a house {EVIL}")
    page.locator("dialog.viewer").get_by_role("button", name="How it was made").click()
    page.locator("dialog.made img.still").wait_for()
    expect(page.locator("dialog.made img.still")).to_have_attribute("alt", f"a house {EVIL}")


def test_in_the_settings_of_a_foreign_picture(page: Page):
    drop(page, png({"parameters": SETTINGS}))
    dialog = page.locator("dialog.apply")
    expect(dialog.locator(".new", has_text="a boat")).to_contain_text(f"a boat {EVIL}")
    expect(dialog.locator(".left dd", has_text="<img").first).to_contain_text(EVIL)
    dialog.get_by_role("button", name="Apply", exact=True).click()
    expect(page.locator("#field-prompt textarea")).to_have_value(f"a boat {EVIL}")


def test_in_a_grid(page: Page):
    page.evaluate("atelier.fill({ steps: 1 }, { quiet: true })")
    page.wait_for_function("() => atelier.form.steps === 1")
    to_tab(page, "grid")
    expect(page.locator(".gridpage .base b")).to_have_text(f"a house {EVIL}")
    page.get_by_label("What axis X varies").select_option("replace")
    page.get_by_label("What axis Y varies").select_option("")
    page.get_by_label("Values of axis X").fill(f'house, "{EVIL.replace(chr(34), chr(39))}"')
    page.get_by_role("button", name="Draw 2 cells").click()
    expect(page.locator(".scroller thead th").nth(2)).to_have_text(EVIL.replace('"', "'"))
    expect(page.locator(".scroller .box.done img")).to_have_count(2, timeout=60_000)
    expect(page.locator(".known .prompt").first).to_have_text(f"a house {EVIL}")
    page.locator(".scroller .box").nth(1).hover()
    expect(page.locator(".gridpage .caption .place")).to_contain_text("<img")
    expect(page.locator(".gridpage .caption .facts")).to_contain_text("<img")
    page.get_by_role("button", name="Compare two cells").click()
    for cell in (0, 1):
        page.locator(".scroller .box").nth(cell).click()
    expect(page.locator("dialog.beside figcaption").nth(1)).to_contain_text("<img")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete the grid").click()
    page.locator(".gridpage .tools").get_by_role("button", name="Delete").click()
    expect(page.locator(".known .prompt", has_text="<img")).to_have_count(0)
