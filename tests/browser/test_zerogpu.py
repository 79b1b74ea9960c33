"""A visitor on ZeroGPU, whose page Gradio itself serves, and whose pictures a fork draws."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visitors
from tests.browser.hands import WAIT
from tests.test_zerogpu import UNATTACHED, Space, linux, start

pytestmark = [pytest.mark.browser, linux]


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    place = tmp_path_factory.mktemp("disk")
    with start(place, UNATTACHED, ATELIER_DEVICE="cpu", ATELIER_DTYPE="float32") as space:
        yield space


def test_a_visitor_draws_reads_why_there_is_no_gpu_and_nothing_asked_for_is_refused(
    space: Space, chromium: Browser
) -> None:
    visitors, refused = Visitors(chromium, space.url), list[str]()
    page = visitors.come(simple=True)
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    page.wait_for_timeout(4000)  # what is asked again and again is asked a second time
    page.locator("textarea").first.fill("a red house")
    page.get_by_role("button", name="Generate").first.click()
    expect(page.locator("p.line", has_text="Done in")).to_be_visible(timeout=WAIT)
    space.lender.answer = 429, {"left": 0, "wait": 3600}, {"x-approve-result": "quota-exceeded"}
    page.get_by_role("button", name="Generate").first.click()
    expect(page.get_by_text("The GPU time that this Space may lend is used up.").first).to_be_visible(timeout=WAIT)
    assert refused == []
    visitors.contexts[0].close()
