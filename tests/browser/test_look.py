"""The page fits its window, speaks two languages, and can be used without a mouse."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.hands import draw, to_tab, write

pytestmark = pytest.mark.browser

SIZES = [(1440, 900, {}), (1024, 768, {}), (390, 844, {"has_touch": True, "is_mobile": True})]
UNNAMED = """() => [...document.querySelectorAll("button, a[href], input, textarea, [role=combobox]")]
  .filter((e) => e.offsetParent && !e.closest("[aria-hidden=true]"))
  .filter((e) => !(e.getAttribute("aria-label") || e.labels?.length || e.textContent.trim() || e.title || e.querySelector("img[alt]:not([alt=''])")))
  .map((e) => e.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize(("width", "height", "options"), SIZES)
def test_nothing_hangs_over_the_edge(visitors: Visitors, width: int, height: int, options: dict[str, Any]):
    page = visitors.come(width, height, **options)
    for tab in ("gallery", "txt2img"):
        to_tab(page, tab)
        page.wait_for_timeout(200)
        assert page.evaluate("() => document.documentElement.scrollWidth") == width


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768)])
def test_on_a_desktop_everything_is_above_the_fold(visitors: Visitors, width: int, height: int):
    page = visitors.come(width, height)
    draw(page)
    for thing in (
        "#field-prompt",
        "#generate",
        "#stop",
        "#field-sampler",
        "#group-control",  # the first of those that are folded
        ".stage .view",
        ".stage .tools",
        ".strip",
    ):
        box = page.locator(thing).bounding_box()
        assert box is not None, thing
        assert box["y"] >= 0, thing
        assert box["y"] + box["height"] <= height, thing
    view = page.locator(".stage .view").bounding_box()
    assert view is not None
    assert view["height"] > height * 0.45


def test_on_a_phone_generate_stays_in_reach_and_the_stage_follows_the_prompt(visitors: Visitors):
    page = visitors.come(390, 844, has_touch=True, is_mobile=True)
    prompt, stage, settings = (page.locator(s).bounding_box() for s in ("#field-prompt", ".stage", "#quality"))
    assert prompt is not None
    assert stage is not None
    assert settings is not None
    assert prompt["y"] < stage["y"] < settings["y"]
    page.locator("#field-sampler").scroll_into_view_if_needed()
    button = page.locator("#generate").bounding_box()
    assert button is not None
    assert 700 < button["y"] < 844
    draw(page, "a tent on a phone")


def test_a_chinese_browser_sees_chinese_everywhere(visitors: Visitors):
    page = visitors.come(locale="zh-CN")
    expect(page.locator("#generate")).to_have_text("生成")
    expect(page.locator("#tab-gallery-button")).to_have_text("图库")
    expect(page.locator("#field-steps")).to_contain_text("步数")
    write(page, "seed", "18446744073709551616")
    page.locator("#generate").click()
    expect(page.locator(".card.problem")).to_contain_text("种子须在 -1 到 18446744073709551615 之间")


def test_the_language_is_switched_at_once_and_remembered(page: Page, visitors: Visitors):
    expect(page.locator("#generate")).to_have_text("Generate")
    page.locator("#language").click()
    expect(page.locator("#generate")).to_have_text("生成")
    expect(page.locator("#stop")).to_have_text("停止")
    expect(page.locator("#tab-gallery-button")).to_have_text("图库")
    page.locator("#language").click()
    expect(page.locator("#tab-gallery-button")).to_have_text("Gallery")
    page.locator("#language").click()
    page.reload()
    visitors.settle(page)
    expect(page.locator("#generate")).to_have_text("生成")
    assert page.evaluate("() => document.documentElement.lang") == "zh-CN"


def test_light_and_dark_follow_the_system_until_one_is_chosen(visitors: Visitors):
    page = visitors.come(color_scheme="light")
    assert not page.evaluate("() => document.body.classList.contains('dark')")
    page.locator("#theme").click()
    page.wait_for_function("() => document.body.classList.contains('dark')")
    page.reload()
    visitors.settle(page)
    page.wait_for_function("() => document.body.classList.contains('dark')")


def test_every_control_has_a_name(page: Page):
    draw(page)
    assert page.evaluate(UNNAMED) == []
    to_tab(page, "gallery")
    page.locator(".item").first.click()
    page.locator("dialog.viewer[open] h2").wait_for()
    assert page.evaluate(UNNAMED) == []


def test_the_note_for_newcomers_stays_away_once_closed(page: Page, visitors: Visitors):
    page.locator(".welcome button").click()
    expect(page.locator(".welcome")).to_have_count(0)
    page.reload()
    visitors.settle(page)
    expect(page.locator(".welcome")).to_have_count(0)
