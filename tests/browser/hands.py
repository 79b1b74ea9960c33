"""What a person does with the page, in words."""

import re

from playwright.sync_api import Page, expect

from ui.words import LANGUAGES

WAIT = 45_000  # milliseconds; the machine may be busy
FILE = re.compile(r"^api/images/[0-9a-f]+/file$")


def to_tab(page: Page, name: str) -> None:
    """On a narrow page the last tabs are in a menu, where they have their words only."""
    button = page.locator(f"#tab-{name}-button")
    page.locator(f"#tab-{name}-button:visible, #tabs .overflow-menu > button:visible").first.wait_for()
    if button.is_visible():
        button.click()
        return
    page.locator("#tabs .overflow-menu > button").click()
    words = LANGUAGES[page.evaluate("() => document.documentElement.lang") or "en"][f"tab.{name}"]
    page.locator("#tabs .overflow-menu button", has_text=words).click()


def set_number(page: Page, name: str, value: int) -> None:
    field = page.locator(f"#field-{name} input[type=number]")
    field.fill(str(value))
    field.blur()


def write(page: Page, name: str, text: str) -> None:
    page.locator(f"#field-{name} textarea, #field-{name} input").first.fill(text)


def read(page: Page, name: str) -> str:
    return page.locator(f"#field-{name} textarea, #field-{name} input").first.input_value()


def generate(page: Page) -> None:
    page.locator("#generate").click()


def see_result(page: Page) -> None:
    """A finished picture is on the stage, with its tools."""
    page.locator(".stage .tools a.tool").wait_for(timeout=WAIT)
    expect(page.locator(".stage .cell img").first).to_have_attribute("src", FILE, timeout=WAIT)


def draw(page: Page, prompt: str = "a red house in the snow", steps: int = 4) -> None:
    write(page, "prompt", prompt)
    set_number(page, "steps", steps)
    generate(page)
    page.locator(".stage .caption .prompt", has_text=prompt).wait_for()
    see_result(page)


def long_job(page: Page, prompt: str) -> None:
    """Some seconds of work, so that there is a middle."""
    write(page, "prompt", prompt)
    set_number(page, "steps", 150)
    set_number(page, "count", 4)
    generate(page)
    page.locator(".stage .cell.preview").first.wait_for()


def idle(page: Page) -> None:
    page.wait_for_function("() => !document.body.classList.contains('atelier-active')", timeout=WAIT)
