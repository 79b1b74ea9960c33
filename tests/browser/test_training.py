"""A person brings pictures, trains on them, sees how it goes, and draws with what came out."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Program, Visitors, models_of_its_own
from tests.browser.hands import draw, to_tab
from tests.engine.training.making import pictures

pytestmark = pytest.mark.browser
SMALL = {
    "resolution": 64,
    "bucket_step": 64,
    "length": 12,
    "batch": 4,
    "sample": 6,
    "save": 6,
    "measure": 6,
    "hold_out": 0.5,
    "steps": 4,
    "learning_rate": 0.01,
}
PROMPT = "a purple ring on yellow"
LONG = 240_000  # milliseconds; a run loads torch in a process of its own


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio of its own: what is put to use lies in its folder of models."""
    folder = tmp_path_factory.mktemp("trains")
    studio = Program(folder, "--models", str(models_of_its_own(folder)))
    try:
        studio.start()
        yield studio.url
    finally:
        studio.stop()


def choose(page: Page, name: str, value: Any) -> None:
    """In the list of all parameters."""
    field = page.locator(f'.expert .tfield[data-name="{name}"] input')
    field.fill(str(value))
    field.blur()


def bring(page: Page, files: list[Path]) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(files)


def to_pictures(page: Page) -> None:
    to_tab(page, "training")
    page.locator(".goal").first.click()
    page.get_by_label("Its word in prompts").fill("zring")
    page.get_by_role("button", name="Next").click()


def drawn(page: Page, prompt: str) -> np.ndarray:
    """The picture of one seed, as numbers from 0 to 255."""
    page.locator("#field-seed textarea, #field-seed input").first.fill("7")
    draw(page, prompt)
    name = page.locator(".stage .cell img").first.get_attribute("src")
    with Image.open(io.BytesIO(page.request.get(f"{page.url.rstrip('/')}/{name}").body())) as picture:
        return np.asarray(picture.convert("RGB"), dtype=float)


def finish_a_small_run(page: Page, name: str) -> None:
    page.get_by_role("button", name="Next").click()
    page.locator("#training-name").fill(name)
    page.locator("#training-name").blur()
    page.locator(".expert summary").click()
    for parameter, value in SMALL.items():
        choose(page, parameter, value)
    expect(page.locator(".expert .count")).to_contain_text("differ from the preset")
    expect(page.locator(".estimate-card .facts")).to_contain_text("12")
    page.get_by_role("button", name="Start training").click()
    expect(page.locator(".run .badge")).to_have_text("finished", timeout=LONG)


def test_a_lora_is_trained_from_uploaded_pictures_and_put_to_use(visitors: Visitors, tmp_path: Path):
    page = visitors.come()
    to_pictures(page)
    bring(page, sorted(pictures(tmp_path / "rings", 12).iterdir()))
    expect(page.locator(".picture")).to_have_count(12)
    expect(page.locator(".picture textarea").first).to_have_value("a purple ring, number 0, on yellow")
    expect(page.locator(".stepmarks .done")).to_have_count(2)  # the scan found no error

    finish_a_small_run(page, "rings test")
    heads = page.locator(".samples thead th")
    expect(heads).to_have_text(["", "Before", "Step 6", "Step 12"])
    expect(page.locator(".sample img").last).to_have_js_property("complete", True)
    assert page.locator(".sample img").last.evaluate("image => image.naturalWidth") == 64
    assert re.search(r"Loss: .*smoothed [\d.]+", page.locator(".plot canvas").first.get_attribute("aria-label") or "")
    assert re.search(r"held out [\d.]+", page.locator(".plot canvas").nth(1).get_attribute("aria-label") or "")

    other = visitors.open(page.context)  # another window sees the same
    to_tab(other, "training")
    expect(other.locator(".runrow", has_text="rings test")).to_contain_text("finished")
    other.close()

    page.locator(".sample").last.click()
    expect(page.locator("dialog.samplesheet figcaption")).to_have_text("Step 12")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("dialog.samplesheet figcaption")).to_have_text("Step 6")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#tab-txt2img-button")).to_have_class(re.compile("selected"))
    page.wait_for_function("() => /<lora:rings test:1>/.test(atelier.form?.prompt ?? '')")
    without = drawn(page, PROMPT)
    with_it = drawn(page, f"{PROMPT} <lora:rings test:1>")
    assert np.abs(with_it - without).mean() > 1, "the LoRA draws along"


def test_what_keeps_a_training_from_starting_is_said_mended_and_taken_back(visitors: Visitors, tmp_path: Path):
    page = visitors.come()
    folder = pictures(tmp_path / "few", 3, seed=9)
    broken = folder / "00.png"
    broken.write_bytes(broken.read_bytes()[:200])
    to_pictures(page)
    bring(page, [broken])
    expect(page.locator(".verdict.errors, .verdict.failed")).to_be_visible()
    page.get_by_role("button", name=re.compile("Check and start")).click()
    start = page.get_by_role("button", name="Start training")
    expect(start).to_be_disabled()
    expect(page.locator(".estimate-card .reason")).to_contain_text("must be mended first: see step 2")

    page.get_by_role("button", name=re.compile("^.*Pictures")).first.click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add pictures").click()
    chooser.value.set_files(sorted(folder.glob("0[12].*")))
    expect(page.locator(".picture")).to_have_count(3)
    damaged = page.locator('.finding[data-code="dataset.damaged"]')
    expect(damaged).to_contain_text("00.png")
    damaged.get_by_role("button", name="Leave them out").click()
    expect(damaged).to_have_count(0)
    page.locator(".notes").get_by_role("button", name="Undo").click()
    expect(damaged).to_have_count(1)

    page.get_by_role("button", name="Edit captions together").click()
    sheet = page.locator("dialog.tagsheet")
    expect(sheet.locator(".change", has_text="zring, a purple ring")).to_have_count(2)  # 00.png has no caption
    sheet.get_by_role("button", name="Change them").click()
    expect(page.get_by_label("Caption of 01.png")).to_have_value("zring, a purple ring, number 1, on yellow")
    caption = page.get_by_label("Caption of 02.png")
    caption.fill("zring, something else")
    caption.press("Enter")
    page.locator(".picture .saved:visible").wait_for()
    page.reload()
    to_tab(page, "training")
    expect(page.get_by_label("Caption of 02.png")).to_have_value("zring, something else")


def test_a_bad_value_is_told_at_its_field_and_reset(visitors: Visitors, tmp_path: Path):
    page = visitors.come(390, 844)
    to_pictures(page)
    bring(page, sorted(pictures(tmp_path / "some", 2, seed=4).iterdir()))
    expect(page.locator(".picture")).to_have_count(2)
    page.get_by_role("button", name="Next").click()
    page.locator(".expert summary").click()
    choose(page, "lora.rank", 9000)
    field = page.locator('.expert .tfield[data-name="lora.rank"]')
    expect(field.locator(".wrong")).to_contain_text("256")
    expect(page.get_by_role("button", name="Start training")).to_be_disabled()
    field.locator(".back").click()
    expect(field.locator("input")).to_have_value("16")
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_a_controlnets_samples_follow_stands_beside_them(visitors: Visitors):
    """By the piece itself: to train a ControlNet takes minutes."""
    page = visitors.come()
    page.evaluate(
        """() => {
          const samples = atelier.samples(() => {}), drawn = (step) => ({ step, files: [`samples/00000${step}/01.png`, `samples/00000${step}/02.png`], conditions: ["conditions/01.png", "conditions/02.png"] });
          document.body.append(samples.node);
          samples.show("run", ["a house", "a tree"], [drawn(0)]);
          samples.show("run", ["a house", "a tree"], [drawn(0), drawn(2)]);
          samples.node.querySelector("tbody tr:last-child td:last-child button").click();
        }"""
    )
    rows = page.locator(".samples tbody th img.condition")
    assert [row.get_attribute("src") for row in rows.all()] == [f"api/training/run/condition/0{n}.png" for n in (1, 2)]
    sheet = page.locator("dialog.samplesheet")
    expect(sheet.locator(".followed img")).to_have_attribute("src", "api/training/run/condition/02.png")
    expect(sheet.locator(".followed figcaption")).to_have_text("What the samples follow")
    page.keyboard.press("ArrowUp")
    expect(sheet.locator(".followed img")).to_have_attribute("src", "api/training/run/condition/01.png")
