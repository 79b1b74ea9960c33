"""A person draws: press, watch, stop, come back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.hands import draw, generate, idle, long_job, read, see_result, set_number, write

pytestmark = pytest.mark.browser


def test_on_a_first_visit_one_press_draws_a_picture(page: Page):
    assert read(page, "prompt")
    assert read(page, "width") == "128"
    set_number(page, "steps", 60)
    generate(page)
    page.locator(".stage .cell.preview").wait_for()
    expect(page.locator(".stage [role=progressbar]")).to_have_class(re.compile("on"))
    see_result(page)
    expect(page.locator(".stage .line")).to_have_text(re.compile("^Done"))
    expect(page.locator(".thumb[aria-pressed=true]")).to_have_count(1)


def test_a_reload_in_the_middle_finds_the_job_again(page: Page, visitors: Visitors):
    long_job(page, "a blue boat that survives a reload")
    page.reload()
    visitors.settle(page)
    expect(page.locator(".stage .line")).to_have_text(re.compile(r"^Step \d+ of 150"))
    page.locator("#stop").click()
    idle(page)


def test_stop_ends_the_job_that_is_drawn(page: Page):
    long_job(page, "a boat that is stopped")
    page.locator("#stop").click()
    idle(page)
    expect(page.locator(".stage .line")).to_have_text("Stopped")
    expect(page.locator(".stage .figure.stopped .cell.preview").first).to_be_visible()  # what there was stays


def test_waiting_jobs_are_listed_and_each_can_be_cancelled(page: Page):
    long_job(page, "the first of three")
    for prompt in ("the second of three", "the third of three"):
        write(page, "prompt", prompt)
        generate(page)
    second = page.locator(".waiting li", has_text="the second of three")
    third = page.locator(".waiting li", has_text="the third of three")
    third.locator("button").click()
    expect(third).to_have_count(0)
    second.locator("button").click()
    expect(second).to_have_count(0)
    page.locator("#stop").click()
    idle(page)


def test_a_second_window_shows_the_same_job(page: Page, visitors: Visitors):
    other = visitors.open(page.context)
    long_job(page, "a castle in two windows")
    expect(other.locator(".stage .line")).to_have_text(re.compile(r"^Step"))
    other.locator("#stop").click()
    idle(page)
    expect(page.locator(".stage .line")).to_have_text("Stopped")


def test_four_tabs_of_one_browser_all_open_while_a_job_runs(page: Page, visitors: Visitors):
    long_job(page, "a picture for many tabs")
    for _ in range(3):
        visitors.open(page.context)
    page.locator("#stop").click()
    idle(page)


def test_the_form_survives_a_reload(page: Page, visitors: Visitors):
    write(page, "prompt", "an orange cat by the sea")
    page.locator("#field-steps input[type=number]").fill("33")  # not left yet, and reloaded at once
    page.reload()
    visitors.settle(page)
    expect(page.locator("#field-prompt textarea")).to_have_value("an orange cat by the sea")
    expect(page.locator("#field-steps input[type=number]")).to_have_value("33")


def test_a_seed_that_is_too_large_is_explained_and_its_field_is_one_press_away(page: Page):
    write(page, "seed", "18446744073709551616")
    generate(page)
    card = page.locator(".card.problem")
    expect(card).to_contain_text("Seed must be between -1 and 18446744073709551615")
    card.get_by_role("button", name="Go to Seed").click()
    assert page.evaluate("() => document.activeElement.closest('#field-seed') !== null")
    page.locator("#dice").click()
    draw(page, "a picture after a mistake")


def test_go_to_finds_a_field_in_a_group_that_was_never_opened(visitors: Visitors):
    page = visitors.come(simple=True)
    page.evaluate("atelier.fill({ sigma_min: 10, sigma_max: 1 }, { quiet: true })")
    page.wait_for_function("() => atelier.form.sigma_max === 1")
    generate(page)
    page.get_by_role("button", name="Go to Highest sigma").click()
    page.wait_for_function("() => document.activeElement.closest('#field-sigma_max')")


def test_control_enter_draws_what_was_just_typed(page: Page):
    set_number(page, "steps", 4)
    page.locator("#field-prompt textarea").fill("")
    page.locator("#field-prompt textarea").press_sequentially("typed and drawn at once")
    page.keyboard.press("Control+Enter")
    page.locator(".stage .caption .prompt", has_text="typed and drawn at once").wait_for()
    see_result(page)


def test_a_prompt_is_never_markup(page: Page):
    evil = '<img src=x onerror="window.harmed=1">${window.harmed=1}{{7*7}}</script><script>window.harmed=1</script>'
    page.locator("#group-language > button").click()
    page.locator("#field-literal input").check()
    draw(page, evil)
    page.locator(".thumb").first.click()
    page.locator(".stage .cell").first.click()
    expect(page.locator("dialog.viewer h2")).to_have_text(evil)
    assert page.evaluate("() => window.harmed") is None


def test_the_two_choices_only_set_the_steps(page: Page):
    page.locator("#quality label", has_text="Best quality").click()
    expect(page.locator("#field-steps input[type=number]")).to_have_value("20")
    page.locator("#quality label", has_text="Quick draft").click()
    expect(page.locator("#field-steps input[type=number]")).to_have_value("12")
    set_number(page, "steps", 30)
    expect(page.locator("#quality input:checked")).to_have_count(0)


def test_a_shape_keeps_the_number_of_pixels(page: Page):
    page.get_by_role("button", name=re.compile("^16:9")).click()
    expect(page.locator("#field-width input")).to_have_value("168")
    expect(page.locator("#field-height input")).to_have_value("96")
