"""A person takes over what they want of a picture's settings, and learns what is not here."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import read, write
from tests.browser.test_gallery import drop
from tests.engine.metadata.files import COMFY, png, said

pytestmark = pytest.mark.browser

PROMPT = '<img src=x onerror="document.title=1"> a cat, naïve 猫'
OLD = f"""{PROMPT}
Negative prompt: dog
Steps: 24, Sampler: Euler a, CFG scale: 7, Seed: 18446744073709551615, Size: 128x128, Model hash: 4199bcdd14, \
Model: revAnimated_v122, VAE hash: 07af11b95c, VAE: sea.pt, Lora hashes: "hat: aaebf6360f7d", Refiner switch at: 0.8, \
Version: v1.9.4"""


def opened(page: Page, text: str = OLD) -> None:
    drop(page, png({"parameters": text}))
    page.locator("dialog.apply[open]").wait_for()


def change(page: Page, name: str) -> str:
    row = page.locator(".apply .change", has=page.locator(f"input[name={name}]"))
    return re.sub(r"\s+", " ", row.inner_text())


def test_the_dialog_shows_what_would_change_and_what_is_not_here(page: Page):
    write(page, "prompt", "a lighthouse")
    opened(page)
    dialog = page.locator("dialog.apply")
    expect(dialog.locator(".origin")).to_have_text("Written by AUTOMATIC1111 v1.9.4  ·  dropped.png")
    assert "a lighthouse" in change(page, "prompt")
    assert PROMPT in change(page, "prompt")  # as text: nothing in it is executed
    assert page.title() == "Atelier"
    assert "20 → now" not in change(page, "steps")
    assert "24" in change(page, "steps")
    expect(dialog.locator(".change input[name=width]")).to_have_count(0)  # it is 128 already
    left = dialog.locator(".left")
    for words in ("revAnimated_v122 [4199bcdd14]", "sea.pt [07af11b95c]", "hat: aaebf6360f7d", "Refiner switch at"):
        expect(left).to_contain_text(words)
    expect(left.locator("em")).to_have_text(["not here"] * 3)
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    assert read(page, "prompt") == "a lighthouse"


def test_only_what_is_ticked_is_taken_over(page: Page):
    write(page, "prompt", "a lighthouse")
    opened(page)
    page.get_by_role("button", name="None").click()
    expect(page.get_by_role("button", name="Apply", exact=True)).to_be_disabled()
    page.locator(".apply input[name=steps]").check()
    page.locator(".apply input[name=seed]").check()
    page.keyboard.press("Enter")
    expect(page.locator("#field-steps input[type=number]")).to_have_value("24")
    assert read(page, "seed") == "18446744073709551615"
    assert read(page, "prompt") == "a lighthouse"


def test_prompt_or_seed_alone_take_one_press(page: Page):
    write(page, "prompt", "a lighthouse")
    opened(page)
    page.get_by_role("button", name="Only seed").click()
    expect(page.locator("#field-seed textarea, #field-seed input").first).to_have_value("18446744073709551615")
    assert read(page, "prompt") == "a lighthouse"
    opened(page)
    page.get_by_role("button", name="Only prompt").click()
    expect(page.locator("#field-prompt textarea")).to_have_value(PROMPT)
    assert read(page, "negative_prompt") == "dog"
    expect(page.locator("#field-steps input[type=number]")).not_to_have_value("24")


def test_a_picture_from_comfyui_and_one_that_changes_nothing(page: Page):
    drop(page, png({"prompt": said(COMFY)}))
    page.locator("dialog.apply[open]").wait_for()
    expect(page.locator(".apply .origin")).to_contain_text("ComfyUI")
    page.keyboard.press("Enter")
    expect(page.locator("#field-steps input[type=number]")).to_have_value("24")
    drop(page, png({"parameters": "a cat in a hat, naïve 猫\nNegative prompt: dog"}))
    expect(page.locator(".note", has_text="holds these settings already")).to_be_visible()
