"""A person writes a prompt: it is counted, told and refused while one types; styles are made of it and put on."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.hands import read, write

pytestmark = pytest.mark.browser
LINE = ".understood .reading"


def tell(page: Page, prompt: str) -> None:
    """Wait until the line under the prompt is about this prompt."""
    with page.expect_response(lambda answer: answer.url.endswith("api/prompt")):
        write(page, "prompt", prompt)


def open_styles(page: Page) -> None:
    page.get_by_role("button", name="Styles", exact=True).click()


def save_style(page: Page, name: str, prompt: str | None = None) -> None:
    """From the present prompt, whose text may be changed on the way."""
    open_styles(page)
    dialog = page.locator("dialog.styles")
    dialog.get_by_role("button", name="Save the prompt as a style").click()
    dialog.locator("#style-name").fill(name)
    if prompt is not None:
        dialog.get_by_label("Prompt", exact=True).fill(prompt)
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.locator("li", has_text=name)).to_have_count(1)


def test_tokens_are_counted_while_one_types(page: Page):
    tell(page, "")
    counter = page.locator(".understood .tokens")
    expect(counter).to_have_text("0/75")
    page.locator("#field-prompt textarea").press_sequentially("a red house")
    expect(counter).to_have_text("3/75")
    tell(page, "a red house, " * 20)
    expect(counter).to_have_text("80/150")
    write(page, "negative_prompt", "rain")
    expect(counter).to_have_text("80/150−2/75")


def test_a_plain_prompt_needs_no_line_and_the_languages_marks_are_told(page: Page):
    tell(page, "a red house")
    line = page.locator(LINE)
    expect(line).to_be_hidden()
    tell(page, "a [cat:dog:0.5] and a (boat:1.3), [red|blue] AND the sea:0.5 BREAK far <hypernet:mist:0.8>")
    expect(line).to_contain_text("cat 10 → dog")
    expect(line.locator("[title='after step 10']")).to_be_visible()
    expect(line.locator("b[title='weight 1.3']")).to_have_text("boat")
    expect(line.locator("[title='in turn, step by step']")).to_have_text("red ⇄ blue")
    expect(line).to_contain_text("AND")
    expect(line.locator("[title='a new chunk begins here']")).to_have_count(1)
    expect(line.locator("s")).to_have_text("hypernet:mist")
    expect(line).to_contain_text("this kind of network is not used")
    tell(page, "a {red|blue} house")
    expect(line.locator("[title='one of many: drawn anew for each picture']")).to_be_visible()


def test_a_mistake_is_told_at_its_field_and_leaves_with_it(page: Page):
    line = page.locator(LINE)
    prompt, negative = page.locator("#field-prompt textarea"), page.locator("#field-negative_prompt textarea")
    tell(page, "a {red house")
    expect(line).to_have_text(re.compile("^Prompt: A { has no partner, near .* Close it"))
    expect(prompt).to_have_attribute("aria-invalid", "true")
    expect(prompt).to_have_attribute("aria-describedby", "reading")
    tell(page, "a red house")
    expect(line).to_be_hidden()
    expect(prompt).to_have_attribute("aria-invalid", "false")
    write(page, "negative_prompt", "__nothing_of_that_name__")
    expect(line).to_have_text(re.compile("^Negative prompt: There is no wildcard 'nothing_of_that_name'"))
    expect(negative).to_have_attribute("aria-invalid", "true")
    expect(prompt).to_have_attribute("aria-invalid", "false")


def test_a_style_that_was_saved_from_the_prompt_stands_for_it_and_the_text_is_not_doubled(page: Page):
    tell(page, "a red house, in the style of a woodcut")
    write(page, "negative_prompt", "rain")
    save_style(page, "Whole")
    box = page.locator("dialog.styles li", has_text="Whole").get_by_role("checkbox")
    expect(box).to_be_checked()
    page.locator(".note", has_text="Style “Whole” now stands for this part of the prompt.").wait_for()
    assert (read(page, "prompt"), read(page, "negative_prompt")) == ("", "")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#field-prompt textarea")).to_have_value("a red house, in the style of a woodcut")
    expect(page.locator("#field-negative_prompt textarea")).to_have_value("rain")
    expect(page.locator(".wear")).to_have_count(0)
    expect(box).not_to_be_checked()


@pytest.mark.parametrize("style", ["in the style of a woodcut", "{prompt}, in the style of a woodcut"])
def test_of_the_prompt_only_the_part_goes_that_the_style_brings(page: Page, style: str):
    tell(page, "a red house, in the style of a woodcut")
    save_style(page, f"Woodcut {len(style)}", style)
    expect(page.locator(".wear")).to_have_text(f"Woodcut {len(style)}×")
    expect(page.locator("#field-prompt textarea")).to_have_value("a red house")


def test_a_style_with_other_words_changes_nothing_until_it_is_put_on(page: Page, visitors: Visitors):
    tell(page, "a red house")
    save_style(page, "Other", "a watercolour of {prompt}, soft")
    expect(page.locator("#field-prompt textarea")).to_have_value("a red house")
    expect(page.locator(".wear")).to_have_count(0)
    page.locator("dialog.styles li", has_text="Other").get_by_role("checkbox").check()
    page.keyboard.press("Escape")
    expect(page.locator(".wear")).to_have_text("Other×")
    page.wait_for_function("() => localStorage.getItem('atelier.unsaved') === '{}' && atelier.form.styles.length === 1")
    page.reload()
    visitors.settle(page)
    expect(page.locator(".wear")).to_have_text("Other×")
    page.locator(".wear", has_text="Other").click()
    expect(page.locator(".wear")).to_have_count(0)


def test_a_style_that_is_gone_is_told_and_its_button_is_one_press_away(page: Page):
    page.evaluate("atelier.fill({ prompt: 'a boat', styles: ['gone'] }, { quiet: true })")
    expect(page.locator(LINE)).to_have_text("Styles: There is no style 'gone'. Choose another one, or take it away.")
    page.locator("#generate").click()
    page.get_by_role("button", name="Go to Styles").click()
    page.keyboard.press("Enter")
    expect(page.locator("dialog.styles")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Take away gone").click()
    expect(page.locator(LINE)).to_be_hidden()
