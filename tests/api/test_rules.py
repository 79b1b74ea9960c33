"""Every way in has a row in the table: what nobody thought of is an admin's, and this test says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.access import Access
from api.rules import OTHERWISE, RULES, rule_of
from app import compose
from engine.library.scan import Library
from engine.settings import HOUSE
from engine.studio import Studio
from engine.workers.messages import PainterSettings
from ui.page import EVENTS


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    data = tmp_path_factory.mktemp("composed")
    studio = Studio(data, Library(HOUSE / "models", data / "cache"), PainterSettings(), disk_reserve=0)
    yield compose(studio, Access(uploads=Path("uploads")))
    studio.lock.release()


def paths(routes: Any) -> Iterator[str]:
    """Of all routes, those of included routers and of Gradio too."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from (context.path for context in route.effective_route_contexts())
        elif hasattr(route, "app") and hasattr(route.app, "routes"):
            yield from paths(route.app.routes)
        else:
            yield route.path


def test_every_route_of_the_composed_app_has_a_row(composed: Any) -> None:
    found = set(paths(composed.routes)) - {"/api/{path:path}", "/api/{kind}/picture"}  # 404; loras, embeddings ...
    assert len(found) > 100
    assert {"/api/jobs", "/gradio_api/queue/join", "/sign-in", "/healthz"} <= found
    assert [path for path in sorted(found) if rule_of(path) is OTHERWISE] == []


def test_every_event_of_the_page_has_a_role(composed: Any) -> None:
    """Those without a function run in the browser alone."""
    page = next(route for route in composed.routes if type(route).__name__ == "Mount")
    asked = {str(event.api_name) for event in page.app.get_blocks().fns.values() if event.fn}
    assert asked == EVENTS.keys()


def test_what_is_in_no_row_is_an_admins() -> None:
    for path in ("/new", "//api/jobs", "/api/jobsx", "/api", "/API/jobs", "/gradio_api/new", "", "/sign-inn"):
        rule = rule_of(path)
        assert (rule.look, rule.act) == ("admin", "admin"), path


def test_only_these_are_open_to_anyone() -> None:
    looks = {rule.prefix for rule in RULES if rule.look == "anyone"}
    acts = {rule.prefix for rule in RULES if rule.act == "anyone"}
    assert looks - acts == {"/sign-in", "/set-up", "/healthz", "/readyz", "/favicon.ico"}
    assert acts == {"/api/people/sign-in", "/api/people/first"}


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("/api/images/abc/file", "/api/images"),
        ("/api/images/selection", "/api/images/selection"),
        ("/api/training/datasets/mine", "/api/training/datasets/"),
        ("/api/training/datasets/mine/captions", "/api/training"),
        ("/api/people/me", "/api/people/me"),
        ("/api/people/me/tokens/1", "/api/people/me/"),
        ("/api/people/mexico", "/api/people"),
        ("/sdapi/v1/txt2img", "/sdapi"),
    ],
)
def test_the_longest_row_that_fits_counts(path: str, prefix: str) -> None:
    assert rule_of(path).prefix == prefix
