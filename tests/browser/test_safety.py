"""A picture that is held back: whoever sees it, on the stage, in the gallery or in the viewer, sees why.

The checker's weights are tiny and random, its limits set so that it holds back everything.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Program, Visitors, models_of_its_own
from tests.browser.hands import WAIT, draw, generate, set_number, to_tab
from tests.engine.library.tiny_safety import checker, write_checker

pytestmark = pytest.mark.browser
WHY = "Safety checker: concept 3 and 7"


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("checked")
    models = models_of_its_own(folder)
    write_checker(models, checker(flagged=(3, 7)))
    studio = Program(folder, "--models", str(models), "--safety-checker", "--safety-for", "admin")
    try:
        studio.start()
        yield studio
    finally:
        studio.stop()


@pytest.fixture(scope="module")
def visitor(chromium: Browser, checked: Program) -> Iterator[Page]:
    visitors = Visitors(chromium, checked.url)
    yield visitors.come()
    visitors.contexts[0].close()
    assert visitors.complaints == []


def test_the_reason_stands_on_the_stage_in_the_gallery_and_in_the_viewer(visitor: Page) -> None:
    page = visitor
    draw(page, "a red house that is held back")
    label = page.locator(".stage .cell .held")
    expect(label).to_contain_text("Held back")
    expect(label).to_contain_text(WHY)
    expect(page.locator(".stage .line")).to_have_text("Held back by the safety checker")
    expect(page.locator(".stage .caption .facts")).to_contain_text("Held back")
    page.locator(".stage .cell").click()
    viewer = page.locator("dialog.viewer")
    expect(viewer.locator(".view .held")).to_contain_text(WHY)
    if not viewer.locator(".sheet").is_visible():
        page.keyboard.press("i")
    expect(viewer.locator(".sheet dd", has_text=WHY)).to_be_visible()
    page.keyboard.press("Escape")
    to_tab(page, "gallery")
    tile = page.locator(".gallery .item", has=page.locator(".held")).first
    expect(tile).to_have_attribute("aria-label", "Held back, a red house that is held back")


def test_of_several_pictures_each_says_it(visitor: Page) -> None:
    page = visitor
    to_tab(page, "txt2img")
    set_number(page, "count", 2)
    generate(page)
    expect(page.locator(".stage .cell .held")).to_have_count(2, timeout=WAIT)
    expect(page.locator(".stage .line")).to_contain_text("2 of 2 held back")
