"""A person works for hours: simple and all settings, resets, presets, old prompts, many pictures, and nothing is lost."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Program, Visitors
from tests.browser.hands import WAIT, draw, generate, idle, read, set_number, write

pytestmark = pytest.mark.browser


def fill(page: Page, **values: object) -> None:
    """As a reused picture does, also into groups that were never opened."""
    page.evaluate("(values) => atelier.fill(values, { quiet: true })", values)
    name, value = next(iter(values.items()))
    page.wait_for_function("([name, value]) => atelier.form[name] === value", arg=[name, value])


def form(page: Page, name: str) -> object:
    return page.evaluate("(name) => atelier.form[name]", name)


def saved(page: Page) -> None:
    page.wait_for_function("() => localStorage.getItem('atelier.unsaved') === '{}'")


def test_a_first_visit_is_simple_and_the_choice_of_all_settings_is_remembered(visitors: Visitors):
    page = visitors.come(simple=True)
    for seen in ("#field-prompt", "#quality", ".aspects", "#field-count", "#generate"):
        expect(page.locator(seen)).to_be_visible()
    for hidden in (
        "#field-steps",
        "#field-seed",
        "#field-negative_prompt",
        "#field-batches",
        "#advanced",
        "#field-checkpoint",
    ):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.get_by_role("radio", name="Best quality")).to_be_checked()
    expect(page.locator(".reset")).to_have_count(0)
    expect(page.locator("#reset-all")).to_be_disabled()
    expect(page.locator(".further")).to_have_count(0)
    page.get_by_role("button", name="All settings").click()
    expect(page.locator("#field-steps")).to_be_visible()
    page.reload()
    visitors.settle(page)
    expect(page.locator("#field-steps")).to_be_visible()


def test_in_the_simple_mode_hidden_settings_are_told_and_taken_back(visitors: Visitors):
    page = visitors.come(simple=True)
    fill(page, eta=0.5, guidance=9, seed="77")
    further = page.locator(".further")
    expect(further.locator(".fold")).to_have_text("3 further settings are changed")
    further.locator(".fold").click()
    expect(further.locator("li")).to_have_count(3)
    further.get_by_role("button", name="Reset Guidance to 5").click()
    expect(further.locator(".fold")).to_have_text("2 further settings are changed")
    further.get_by_role("button", name="Reset", exact=True).click()
    expect(page.locator(".further")).to_have_count(0)
    assert (form(page, "eta"), form(page, "seed"), form(page, "guidance")) == (None, "-1", 5)


def test_a_changed_control_is_reset_by_its_arrow_and_a_group_counts_its_changes(page: Page):
    set_number(page, "steps", 44)
    arrow = page.get_by_role("button", name="Reset Steps to 20")
    arrow.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#field-steps input[type=number]")).to_have_value("20")
    expect(arrow).to_have_count(0)
    fill(page, eta=0.5, s_noise=1.02, width=256)
    group = page.locator("#group-tuning > button")
    expect(group).to_have_attribute("data-changed", "2 changed")
    group.click()
    page.get_by_role("button", name="Reset Eta to –").click()
    expect(group).to_have_attribute("data-changed", "1 changed")
    page.locator("#reset-all").click()
    expect(page.locator("#field-width input")).to_have_value("128")
    expect(page.locator("#settings .reset")).to_have_count(0)
    expect(page.locator("#reset-all")).to_be_disabled()


def test_a_preset_is_saved_with_its_picture_compared_and_applied_in_part(page: Page, tmp_path: Path):
    draw(page, "a house for a preset", steps=5)
    set_number(page, "guidance", 8)
    page.locator("#open-presets").click()
    dialog = page.locator("dialog.presets")
    dialog.locator("#preset-name").fill("Evening")
    dialog.get_by_role("button", name="Save", exact=True).click()
    entry = dialog.locator(".entry", has_text="Evening")
    expect(entry.locator("img")).to_have_count(1)
    expect(entry.locator("small")).to_have_text("as set now")
    page.keyboard.press("Escape")
    set_number(page, "steps", 9)
    set_number(page, "guidance", 3)
    page.locator("#open-presets").click()
    entry.click()
    expect(dialog.locator("tbody tr")).to_have_text([re.compile("Steps.*9.*5"), re.compile("Guidance.*3.*8")])
    dialog.locator("tbody tr", has_text="Guidance").get_by_role("checkbox").uncheck()
    dialog.get_by_role("button", name="Apply (1)").click()
    expect(page.locator("#field-steps input[type=number]")).to_have_value("5")
    assert form(page, "guidance") == 3
    page.locator("#open-presets").click()
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Export").click()
    assert "Evening" in [p["name"] for p in json.loads(download.value.path().read_text())["presets"]]
    entry.click()
    dialog.get_by_role("button", name="Rename").click()
    dialog.locator(".rename input").fill("Night")
    page.keyboard.press("Enter")
    expect(dialog.locator(".entry", has_text="Night")).to_have_count(1)
    dialog.get_by_role("button", name="Delete").click()
    dialog.locator(".actions").get_by_role("button", name="Delete").click()
    expect(dialog.locator(".entry", has_text="Night")).to_have_count(0)


def test_earlier_prompts_come_back_by_search_and_by_arrow_up(page: Page):
    write(page, "negative_prompt", "rain")
    draw(page, "a lighthouse of long ago")
    write(page, "negative_prompt", "")
    draw(page, "a newer boat")
    write(page, "prompt", "")
    page.locator("#field-prompt textarea").press("ArrowUp")
    expect(page.locator("#field-prompt textarea")).to_have_value("a newer boat")
    page.locator("#field-prompt textarea").press("ArrowUp")
    expect(page.locator("#field-prompt textarea")).to_have_value("a lighthouse of long ago")
    expect(page.locator("#field-negative_prompt textarea")).to_have_value("rain")
    write(page, "prompt", "typed by hand")
    page.locator("#field-prompt textarea").press("ArrowUp")
    page.wait_for_timeout(600)
    expect(page.locator("#field-prompt textarea")).to_have_value("typed by hand")
    page.locator("#open-history").click()
    menu = page.locator("dialog.history")
    expect(menu.locator("li")).to_have_count(2)
    menu.locator("input").fill("long lighthouse")
    expect(menu.locator("li")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Delete")
    expect(menu.locator("p")).to_contain_text("No earlier prompt")
    menu.locator("input").fill("")
    menu.locator(".pick", has_text="a newer boat").click()
    expect(page.locator("#field-prompt textarea")).to_have_value("a newer boat")


def test_batches_are_jobs_in_the_queue_whose_seeds_go_on(page: Page):
    for name, value in (("steps", 3), ("count", 2), ("batches", 3)):
        set_number(page, name, value)
    write(page, "prompt", "three batches of two")
    write(page, "seed", "1000")
    generate(page)
    page.wait_for_function("() => document.body.classList.contains('atelier-active')")
    idle(page)
    found = page.request.get(page.url + "api/images?limit=6").json()["images"]
    assert sorted(int(image["seed"]) for image in found) == [*range(1000, 1006)]
    assert len({image["job"] for image in found}) == 3


def test_generate_forever_keeps_one_job_ahead_until_it_is_stopped(page: Page):
    write(page, "prompt", "a picture without end")
    set_number(page, "steps", 12)
    page.locator("#forever").click()
    page.locator("#stop-all").wait_for()
    page.wait_for_function("() => atelier.snapshot.jobs.filter(atelier.active).length === 2")
    page.wait_for_function(
        "() => [...atelier.images.values()].filter((i) => i.prompt === 'a picture without end').length > 2 || document.querySelectorAll('.thumb[title=\"a picture without end\"]').length > 2",
        timeout=WAIT,
    )
    assert page.evaluate("() => atelier.snapshot.jobs.filter(atelier.active).length") <= 2
    page.locator("#stop").click()
    expect(page.locator("#forever")).to_have_attribute("aria-pressed", "false")
    idle(page)
    page.wait_for_timeout(1500)
    assert page.evaluate("() => atelier.snapshot.jobs.filter(atelier.active).length") == 0
    seeds = {image["seed"] for image in page.request.get(page.url + "api/images?limit=3").json()["images"]}
    assert len(seeds) == 3


def test_generate_forever_ends_with_an_error_and_is_in_the_menu_of_the_right_button(page: Page):
    write(page, "seed", "not a number")
    page.locator("#generate").click(button="right")
    page.locator("#generate-menu").get_by_role("button", name="Generate forever").click()
    page.locator(".card.problem").wait_for()
    expect(page.locator("#forever")).to_have_attribute("aria-pressed", "false")


def test_width_and_height_are_swapped_locked_and_warned_of(page: Page):
    page.get_by_role("button", name=re.compile("^16:9")).click()
    expect(page.locator("#field-width input")).to_have_value("168")
    page.locator("#swap").click()
    expect(page.locator("#field-width input")).to_have_value("96")
    expect(page.locator("#field-height input")).to_have_value("168")
    page.locator("#lock").click()
    set_number(page, "width", 192)
    expect(page.locator("#field-height input")).to_have_value("336")
    hint = page.locator(".hint:not(.licence)")
    expect(hint).to_contain_text("This model draws best near 128 × 128")
    hint.get_by_role("button").click()
    expect(hint).to_be_hidden()
    expect(page.locator("#field-width input")).to_have_value("96")


def test_values_of_unopened_groups_and_of_all_kinds_survive_a_reload_and_a_change_of_language(
    page: Page, visitors: Visitors
):
    fill(page, eta=0.5, exact=True, format="WebP", batches=4, clip_skip=2)
    page.locator("#group-file > button").click()
    page.locator("#field-trace input").check()
    page.locator("#group-file > button").click()
    page.locator("#language").click()
    expect(page.locator("#generate")).to_have_text("生成")
    wanted = {"eta": 0.5, "exact": True, "format": "WebP", "batches": 4, "clip_skip": 2, "trace": True}
    assert {name: form(page, name) for name in wanted} == wanted
    page.reload()
    visitors.settle(page)
    assert {name: form(page, name) for name in wanted} == wanted


def test_two_tabs_keep_each_others_changes(page: Page, visitors: Visitors):
    other = visitors.open(page.context)
    write(page, "prompt", "written in the first tab")
    saved(page)
    set_number(other, "steps", 37)
    saved(other)
    third = visitors.open(page.context)
    assert (read(third, "prompt"), form(third, "steps")) == ("written in the first tab", 37)


def test_a_slider_and_a_switch_set_while_the_server_is_dead_are_there_when_it_comes_back(
    page: Page, visitors: Visitors, program: Program
):
    saved(page)
    assert program.process is not None
    program.process.kill()
    program.process.wait()
    try:
        set_number(page, "steps", 41)
        page.locator("#advanced > button").click()
        page.locator("#field-exact input").check()
        page.wait_for_timeout(500)
    finally:
        program.start()
    page.goto(page.url)
    visitors.settle(page)
    page.wait_for_function("() => atelier.form.steps === 41 && atelier.form.exact === true")


def test_a_question_mark_lists_the_keys_but_not_while_one_types(page: Page):
    page.locator("#field-prompt textarea").press("End")
    page.keyboard.press("?")
    expect(page.locator("dialog.keys")).to_be_hidden()
    page.locator("#mode button").first.focus()
    page.keyboard.press("?")
    expect(page.locator("dialog.keys dt", has_text="Ctrl").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.keys")).to_be_hidden()
