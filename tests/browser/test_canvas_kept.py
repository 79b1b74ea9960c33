"""A canvas survives: other tabs, a reload, a reload in the middle of a stroke; and old ones are thrown away."""

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.easel import Easel, marked, place
from tests.browser.hands import to_tab

pytestmark = pytest.mark.browser
WIDTH, HEIGHT = 640, 480
KEPT = """() => new Promise((done) => {
  const open = indexedDB.open("atelier-canvas");
  open.onsuccess = () => {
    const names = open.result.transaction("canvases").objectStore("canvases").getAllKeys();
    names.onsuccess = () => { open.result.close(); done(names.result); };
  };
})"""


@pytest.fixture
def page(visitors: Visitors) -> Page:
    return visitors.come()


@pytest.fixture
def easel(page: Page, tmp_path: Path) -> Easel:
    made = Easel(page).enter()
    made.open(marked(tmp_path, WIDTH, HEIGHT))
    made.size(20)
    return made


def again(easel: Easel, visitors: Visitors) -> Easel:
    easel.page.reload()
    visitors.settle(easel.page)
    return easel.enter()


def test_mask_picture_and_view_are_there_after_a_reload(easel: Easel, visitors: Visitors, tmp_path: Path):
    marks = easel.find()
    easel.drag(marks["red"], marks["green"])
    easel.page.mouse.move(*marks["red"])
    for _ in range(3):
        easel.page.mouse.wheel(0, -200)
    easel.page.evaluate("() => atelier.canvas('inpaint').resizeFrame({ right: 64 })")
    before, seen = easel.mask(), easel.find()
    easel.saved()
    again(easel, visitors)
    assert (easel.mask() == before).all()
    assert easel.page.evaluate("() => atelier.canvas('inpaint').frame().right") == 64
    for name, at in easel.find().items():
        assert at == pytest.approx(seen[name], abs=2)
    digest = """async () => { const bytes = await (await atelier.canvas("inpaint").picture()).arrayBuffer();
      return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((b) => b.toString(16).padStart(2, "0")).join(""); }"""
    file = marked(tmp_path, WIDTH, HEIGHT).read_bytes()
    assert easel.page.evaluate(digest) == hashlib.sha256(file).hexdigest(), "the picture is the file, byte for byte"


def test_a_reload_in_the_middle_of_a_stroke_loses_a_moment_at_most(easel: Easel, visitors: Visitors):
    marks = easel.find()
    easel.dot(marks["blue"])
    easel.page.mouse.move(*marks["red"])
    easel.page.mouse.down()
    easel.page.mouse.move(*marks["green"], steps=20)
    easel.page.wait_for_timeout(600)
    again(easel, visitors)  # the button is still down
    mask = easel.mask()
    x, y = place("blue", WIDTH, HEIGHT)
    assert mask[y, x] == 255, "what was finished is whole"
    x, y = place("red", WIDTH, HEIGHT)
    assert (mask[y, x : x + 200] == 255).all(), "and so is the part of the stroke that was drawn a moment ago"
    easel.page.mouse.up()
    easel.dot(marks["yellow"])
    x, y = place("yellow", WIDTH, HEIGHT)
    assert easel.mask()[y, x] == 255


def test_another_tab_of_the_page_changes_nothing(easel: Easel):
    marks = easel.find()
    easel.drag(marks["red"], marks["green"])
    before = easel.mask()
    to_tab(easel.page, "gallery")
    to_tab(easel.page, "sketch")
    easel.enter()
    easel.rest()
    assert (easel.mask() == before).all()
    easel.page.keyboard.press("Control+z")
    assert not easel.mask().any(), "and its history is still there"


def test_two_windows_do_not_mix_their_masks(easel: Easel, visitors: Visitors, tmp_path: Path):
    marks = easel.find()
    easel.dot(marks["red"])
    easel.saved()
    other = Easel(visitors.open(easel.page.context)).enter()
    other.open(marked(tmp_path, 512, 512))
    other.size(20)
    other.dot(other.find()["yellow"])
    last = other.mask()
    other.saved()
    again(other, visitors)
    assert (other.mask() == last).all()
    easel.dot(marks["green"])
    last = easel.mask()
    easel.saved()
    again(other, visitors)
    assert (other.mask() == last).all(), "the one that was painted last, as a whole"


def test_a_window_that_only_looks_leaves_what_the_other_painted(easel: Easel, visitors: Visitors):
    """Zooming is written down, too; here by a window that has not heard of the other's paint."""
    easel.saved()
    easel.page.context.add_init_script("delete globalThis.BroadcastChannel")
    visitors.spoiled.append(easel.page.context)
    again(easel, visitors)
    other = Easel(visitors.open(easel.page.context)).enter()
    marks = other.find()
    other.dot(marks["green"])
    painted = other.mask()
    other.saved()
    easel.page.mouse.move(*marks["red"])
    easel.page.mouse.wheel(0, -200)
    easel.saved()
    again(easel, visitors)
    assert (easel.mask() == painted).all()


def test_what_one_window_paints_the_other_takes_over_and_can_undo(easel: Easel, visitors: Visitors):
    easel.dot(easel.find()["red"])
    before = easel.mask()
    easel.saved()
    other = Easel(visitors.open(easel.page.context)).enter()
    other.size(20)
    other.dot(other.find()["green"])
    other.page.evaluate("() => atelier.canvas('inpaint').resizeFrame({ right: 64 })")
    both = other.mask()
    other.saved()
    taken_over(easel, {"right": 64})
    assert (easel.mask() == both).all()
    for _ in range(2):  # the dot and the frame may have come one after the other
        easel.page.evaluate("() => { const c = atelier.canvas('inpaint'); if (c.steps[0] > 1) c.undo(); }")
    assert (easel.mask() == before).all()
    assert easel.page.evaluate("() => atelier.canvas('inpaint').frame().right") == 0
    easel.saved()
    taken_over(other, {"right": 0})
    assert (other.mask() == before).all(), "and that was painted last"


def test_another_picture_in_another_window_is_told_of_and_taken_when_it_is_wanted(
    easel: Easel, visitors: Visitors, tmp_path: Path
):
    easel.dot(easel.find()["red"])
    before = easel.mask()
    easel.saved()
    other = Easel(visitors.open(easel.page.context)).enter()
    other.open(marked(tmp_path, 512, 512))
    other.saved()
    expect(easel.page.locator(".note")).to_contain_text("another picture now")
    assert (easel.mask() == before).all()
    easel.page.locator(".note").get_by_role("button", name="Show it here").click()
    easel.page.wait_for_function("() => atelier.canvas('inpaint').size().width === 512")
    assert not easel.mask().any()


def taken_over(easel: Easel, frame: dict[str, int]) -> None:
    easel.page.wait_for_function("(right) => atelier.canvas('inpaint').frame().right === right", arg=frame["right"])


def test_old_canvases_are_thrown_away(page: Page, visitors: Visitors):
    for number in range(15):
        page.evaluate(
            "async (n) => { const c = atelier.canvas(`unit-${n}`, 'sketch'); await c.ready; c.sheet(64, 64); await c.saved(); }",
            number,
        )
    assert len(page.evaluate(KEPT)) == 15
    page.reload()
    visitors.settle(page)
    page.evaluate("async () => { await atelier.canvas('unit-14', 'sketch').ready; }")
    names = page.evaluate(KEPT)
    assert len(names) == 12
    assert {"unit-14", "unit-13"} <= set(names)
    assert not {"unit-0", "unit-1"} & set(names)


def test_a_replaced_picture_can_be_had_back_with_its_mask(easel: Easel, tmp_path: Path):
    marks = easel.find()
    easel.dot(marks["red"])
    before = easel.mask()
    easel.open(marked(tmp_path, 320, 320))
    assert not easel.mask().any()
    easel.page.locator(".note").get_by_role("button", name="Bring it back").click()
    assert (easel.mask() == before).all()


def test_a_mask_stays_when_its_picture_is_painted_on(easel: Easel):
    """`keep`: the result of an inpainting takes the place of the picture."""
    marks = easel.find()
    easel.dot(marks["red"])
    before = easel.mask()
    load = """async () => { const c = atelier.canvas("inpaint"); return await c.load(await c.picture(), { keep: true }); }"""
    assert easel.page.evaluate(load)
    assert (easel.mask() == before).all()
    expect(easel.page.locator(".note")).to_have_count(0)
