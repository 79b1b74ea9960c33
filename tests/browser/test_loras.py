"""A person chooses LoRAs and embeddings from the dialog; the prompt says them, and the picture shows them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from safetensors.torch import save_file
from torch import Generator, ones, randn

from tests.browser.conftest import Program, models_of_its_own
from tests.browser.hands import draw, read, see_result, write

pytestmark = pytest.mark.browser
LAYER = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio of its own, with files in its models' folder."""
    folder = tmp_path_factory.mktemp("with-loras")
    models = models_of_its_own(folder)
    dice = Generator().manual_seed(1)
    factors = {
        f"{LAYER}.lora_up.weight": randn(176, 2, generator=dice),
        f"{LAYER}.lora_down.weight": randn(2, 192, generator=dice),
    }
    save_file(factors, models / "loras" / "wild.safetensors")
    (models / "loras" / "wild.json").write_text('{"activation text": "wild paint", "preferred weight": 0.5}')
    (models / "loras" / "broken.safetensors").write_bytes(b"<html>")
    save_file({"emb_params": ones(2, 192)}, models / "embeddings" / "blurred.safetensors")
    studio = Program(folder, "--models", str(models))
    try:
        studio.start()
        yield studio.url
    finally:
        studio.stop()


def test_a_lora_is_put_on_weighed_and_taken_off(page: Page) -> None:
    write(page, "prompt", "a house")
    page.locator("#open-loras").click()
    entry = page.locator(".loras li", has_text="wild")
    entry.locator("button.entry").click()
    expect(page.locator("#field-prompt textarea")).to_have_value("a house, wild paint <lora:wild:0.5>")
    expect(page.locator(".loras li.broken")).to_contain_text("is a web page")
    entry.locator("input[type=range]").fill("1.2")
    expect(page.locator("#field-prompt textarea")).to_have_value("a house, wild paint <lora:wild:1.2>")
    entry.locator("button.entry").click()
    expect(page.locator("#field-prompt textarea")).to_have_value("a house, wild paint")


def test_an_embedding_goes_where_it_is_wanted(page: Page) -> None:
    write(page, "prompt", "a house")
    page.locator("#open-loras").click()
    page.locator(".loras .kinds button", has_text="Embeddings").click()
    page.locator(".loras .places button", has_text="Negative").click()
    expect(page.locator(".understood .tokens")).to_contain_text("−2/75")
    page.keyboard.press("Escape")
    expect(page.locator(".understood .reading")).to_contain_text("−blurred")
    assert "blurred" in read(page, "negative_prompt")


def test_it_is_drawn_with_and_told(page: Page) -> None:
    draw(page, "a house <lora:wild:0.5>")
    see_result(page)
    expect(page.locator(".understood .reading .lora")).to_have_text("wild 0.5")
    write(page, "prompt", "a house <lora:wilt:0.5>")
    expect(page.locator(".understood .reading.wrong")).to_contain_text("There is no LoRA 'wilt'. Did you mean wild?")
