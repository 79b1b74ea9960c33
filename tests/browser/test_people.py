"""Two people in two browsers, and the admin who let them in; each sees only what is theirs."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Program, Visitors
from tests.browser.hands import WAIT, draw, to_tab

PASSWORDS = {
    "ada": "I run this place",
    "ann": "a red house at night",
    "bob": "three blue boats",
    "vic": "only here to look",
}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A studio with accounts that has no admin yet."""
    studio = Program(tmp_path_factory.mktemp("closed"), "--accounts")
    try:
        studio.start()
        yield studio
    finally:
        studio.stop()


def first_code(log: Path) -> str:
    found = re.search(r"with this code: ([A-Z0-9-]{14})", log.read_text())
    assert found, log.read_text()
    return found[1]


def enter(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"input[name={name}]").fill(value)
    page.locator(".go").click()


def come(browser: Browser, studio: Program, **options: object) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US", **options)  # pyright: ignore[reportArgumentType]
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.goto(studio.url)
    return page


def add(page: Page, name: str, role: str) -> str:
    """The code that the admin reads to them."""
    page.locator(".adding input[name=name]").fill(name)
    page.locator(".adding select").select_option(role)
    page.locator(".adding button").click()
    page.locator(".once", has_text=f"{name} signs in").wait_for()
    return page.locator(".once code").inner_text()


def test_an_admin_lets_people_in_and_each_sees_only_what_is_theirs(chromium: Browser, closed: Program) -> None:
    visitors = Visitors(chromium, closed.url)
    ada = come(chromium, closed)
    expect(ada).to_have_url(f"{closed.url}set-up")
    enter(ada, code="AAAA-AAAA-AAAA", name="ada", fresh=PASSWORDS["ada"])
    expect(ada.locator(".wrong")).to_contain_text("not the code on the console")
    enter(ada, code=first_code(closed.folder / "log.txt"))
    expect(ada).to_have_url(closed.url)
    ada.locator("#account").click()
    ada.locator("#open-people").click()
    codes = {name: add(ada, name, role) for name, role in (("ann", "artist"), ("bob", "artist"), ("vic", "viewer"))}

    pages = {}
    for name, code in codes.items():
        page = pages[name] = come(chromium, closed)
        expect(page).to_have_url(f"{closed.url}sign-in")
        page.get_by_role("button", name="I have a code").click()
        enter(page, name=name, code=code, fresh=PASSWORDS[name])
        expect(page.locator("#account span")).to_have_text(name)

    for name in ("ann", "bob"):
        page = pages[name]
        page.evaluate("() => localStorage.setItem('atelier.mode', 'full')")
        page.reload()
        visitors.settle(page)
        draw(page, f"a boat of {name}")
        page.evaluate(
            "(name) => fetch('api/presets', { method: 'POST', headers: { 'content-type': 'application/json' },"
            " body: JSON.stringify({ name, values: { steps: 7 } }) })",
            f"preset of {name}",
        )
    for name, other in (("ann", "bob"), ("bob", "ann")):
        page = pages[name]
        page.reload()
        visitors.settle(page)
        expect(page.locator("#field-prompt textarea")).to_have_value(f"a boat of {name}")
        for path in ("api/images", "api/jobs", "api/history", "api/presets"):
            told = page.evaluate("async (path) => (await fetch(path)).text()", path)
            assert name in told, path
            assert f"of {other}" not in told, path
        to_tab(page, "gallery")
        expect(page.locator('#piece-gallery img[src*="/thumbnail"]').first).to_be_visible()
        assert page.evaluate("async () => (await (await fetch('api/images')).json()).total") == 1

    vic = pages["vic"]
    expect(vic.locator("#looking")).to_be_visible()
    for control in ("#generate", "#tab-txt2img-button", "#gallery-import", "#open-settings"):
        expect(vic.locator(control)).to_be_hidden()

    ada.locator(".persons li", has_text="ann").get_by_role("button", name="Disable").click()
    expect(ada.locator(".persons li", has_text="ann")).to_contain_text("disabled")
    expect(pages["ann"]).to_have_url(f"{closed.url}sign-in")  # the page asks for its jobs now and then
    ada.get_by_role("tab", name="Log").click()
    expect(ada.locator(".log tr", has_text="changed an account").first).to_contain_text("ann")

    bob = pages["bob"]
    bob.locator("#account").click()
    mine = bob.locator("#belongings")
    mine.locator("summary").click()
    with bob.expect_download() as taken:
        mine.get_by_role("link", name="Download it all").click()
    with zipfile.ZipFile(taken.value.path()) as bundle:
        assert any(name.endswith(".png") for name in bundle.namelist())
    erase = mine.get_by_role("button", name="Erase everything")
    expect(erase).to_be_disabled()
    mine.locator("input").fill("bob")
    erase.click()
    expect(bob.locator(".notes")).to_contain_text("1 picture is erased")
    assert bob.evaluate("async () => (await (await fetch('api/images')).json()).total") == 0
    bob.locator("#account").click()
    bob.locator("#sign-out").click()
    expect(bob).to_have_url(f"{closed.url}sign-in")
    bob.goto(closed.url)
    expect(bob).to_have_url(f"{closed.url}sign-in")


@pytest.mark.parametrize("path", ["sign-in", "set-up"])
def test_the_page_before_the_page_speaks_chinese_and_fits_a_phone(
    chromium: Browser, closed: Program, path: str
) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", color_scheme="dark")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{closed.url}{path}")
    expect(page.locator("h2")).to_have_text(re.compile("登录|设置工作室"))
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(19, 19, 18)"
    assert complaints == [], "its policy lets its own script and style in"
    context.close()
