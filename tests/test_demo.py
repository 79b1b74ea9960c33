"""The demo: what it offers works, and every other way in answers 403, whichever it is."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from api.access import Access
from app import access_for, compose, launch, listen, make_studio, terms_for
from engine.policy import DEMO
from engine.rules import free_for_all
from engine.settings import Settings, as_a_demo
from engine.studio import Studio
from tests.api.test_rules import paths
from tests.test_app import free_port

SMALL = {"prompt": "a red house", "steps": 2, "width": 64, "height": 64}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HOST = {"host": "somebody-atelier.hf.space"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """As on a Space, which says what it is in the environment."""
    disk = tmp_path_factory.mktemp("disk")
    space = {"SPACE_ID": "somebody/atelier", "SPACE_HOST": HOST["host"], "ATELIER_SPACE_DISK": str(disk)}
    return as_a_demo(Settings.model_validate({"disk_reserve": 0, "dtype": "float32"}), space)


@pytest.fixture(scope="module", params=["mounted", "launched"])
def served(request: pytest.FixtureRequest, settings: Settings) -> Iterator[tuple[Any, str]]:
    """The application and its address, by each way of serving: a real server, whose streams can be left when their first
    line is there."""
    studio = make_studio(settings, settings.data / request.param, True, terms_for(None), free_for_all)
    studio.start()
    way = mounted if request.param == "mounted" else served_by_gradio
    with way(studio, access_for(settings, settings.data / "gradio"), settings) as served:
        yield served
    studio.stop()


@contextmanager
def mounted(studio: Studio, access: Access, settings: Settings) -> Iterator[tuple[Any, str]]:
    app, listening = compose(studio, access), listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", proxy_headers=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield app, f"http://127.0.0.1:{listening.getsockname()[1]}"
    app.state.streams.close()
    server.should_exit = server.force_exit = True
    thread.join(20)
    listening.close()


@contextmanager
def served_by_gradio(studio: Studio, access: Access, settings: Settings) -> Iterator[tuple[Any, str]]:
    here = settings.model_copy(update={"host": "127.0.0.1", "port": free_port()})
    with launch(studio, access, here) as (app, _, _):
        yield app, f"http://127.0.0.1:{here.port}"


@pytest.fixture
def app(served: tuple[Any, str]) -> Any:
    return served[0]


@pytest.fixture
def url(served: tuple[Any, str]) -> str:
    return served[1]


class Visitor(httpx.Client):
    """A browser on the Space's page: it keeps its cookie, since the page was asked for by https."""

    def __init__(self, url: str):
        super().__init__(base_url=url, headers=HOST, timeout=10)
        cookie = self.get("/").headers["set-cookie"]
        self.headers["cookie"] = cookie.split(";")[0]

    def status(self, method: str, path: str) -> int:
        with self.stream(method, path) as answer:
            return answer.status_code


@pytest.fixture
def client(url: str) -> Iterator[Visitor]:
    client = Visitor(url)
    yield client
    client.close()


def test_a_space_needs_no_flags(settings: Settings) -> None:
    assert (settings.demo, settings.address, settings.workers, settings.browser) == (
        True,
        "0.0.0.0",
        "inprocess",
        False,
    )
    assert HOST["host"] in settings.allow_host
    zero = as_a_demo(Settings.model_validate({}), {"SPACE_ID": "somebody/atelier", "SPACES_ZERO_GPU": "true"})
    assert (zero.workers, zero.device) == ("borrowed", "cuda")
    assert settings.data.name == "atelier"
    assert as_a_demo(Settings.model_validate({}), {}) == Settings.model_validate({}), (
        "elsewhere nothing changes by itself"
    )


def test_a_visitor_draws_and_sees_only_their_own(url: str) -> None:
    anna, ben = Visitor(url), Visitor(url)
    assert anna.post("/api/jobs", json=SMALL).status_code == 202
    end = time.monotonic() + 60
    while not (images := anna.get("/api/images").json()["images"]):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert ben.get("/api/images").json()["images"] == []
    assert ben.get(f"/api/images/{images[0]['id']}").status_code == 404


def test_every_way_in_that_is_not_offered_is_403(app: Any, client: Visitor) -> None:
    """All routes of the composed application, ours and Gradio's, with every method."""
    forbidden, offered = set(), set()
    for path in sorted(set(paths(app.routes))):
        where = re.sub(r"\{[^}]*\}", "x", path)
        answers = {client.status(method, where) for method in METHODS}
        (forbidden if answers == {403} else offered).add(path)
    gone = {"/api/training", "/api/grids", "/api/styles", "/api/people", "/api/boards", "/metrics", "/sdapi/v1/txt2img"}
    assert gone <= {*forbidden, *(path.rsplit("/", 1)[0] for path in forbidden)}
    assert len(forbidden) > len(offered)
    assert {path for path in offered if not path.startswith(OFFERED)} == set()


OFFERED = tuple(sorted(DEMO.offered or ()))


def test_no_event_of_the_page_but_those_of_drawing_is_taken(app: Any, client: Visitor) -> None:
    page = next(route for route in app.routes if type(route).__name__ == "Mount")
    taken: set[str] = set()
    for number, event in page.app.get_blocks().fns.items():
        body = {"fn_index": number, "data": [], "session_hash": "abcdefgh"}
        for way in ("/gradio_api/run/predict", "/gradio_api/queue/join"):
            if client.post(way, json=body).status_code != 403:
                taken.add(str(event.api_name))
    assert taken == DEMO.events


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"width": 2048}, "width"),
        ({"height": 1032, "width": 64}, "height"),
        ({"steps": 31}, "steps"),
        ({"count": 2}, "count"),
        ({"width": 768, "height": 768, "hires_scale": 2.0}, "width"),
    ],
)
def test_too_much_is_refused_by_its_field(client: Visitor, more: dict[str, Any], field: str) -> None:
    answer = client.post("/api/jobs", json={**SMALL, **more})
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field, answer.text


def test_a_large_upload_is_refused(client: Visitor) -> None:
    assert client.post("/api/pictures", content=b"x" * (9 * 2**20)).status_code == 413


def test_the_page_may_stand_in_the_frame_of_its_host_and_nowhere_else(client: Visitor) -> None:
    answer = httpx.get(str(client.base_url), headers=HOST)
    assert (
        "frame-ancestors 'self' https://huggingface.co https://*.hf.space" in answer.headers["content-security-policy"]
    )
    assert "x-frame-options" not in answer.headers
    assert "SameSite=None; Secure; Partitioned" in answer.headers["set-cookie"]
    assert client.get("/", headers={"host": "evil.example"}).status_code == 421
    assert client.post("/api/jobs", json=SMALL, headers={"origin": "https://evil.example"}).status_code == 403


def test_a_visitor_has_one_picture_at_a_time(url: str) -> None:
    client = Visitor(url)
    answers = [client.post("/api/jobs", json={**SMALL, "steps": 30, "width": 1024, "height": 1024}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 429]
    assert Visitor(url).post("/api/jobs", json=SMALL).status_code == 202, "somebody else has one, too"
    assert int(answers[-1].headers["retry-after"]) > 0
    for job in client.get("/api/now").json()["jobs"]:
        client.post(f"/api/jobs/{job['id']}/cancel")
    assert client.post("/api/jobs", json={**SMALL, "webhook": "https://example.org/"}).status_code == 400


def test_it_draws_with_one_model(app: Any, tmp_path: Path) -> None:
    studio = app.state.studio
    job = studio.job(studio.submit(SMALL, "somebody").id, "somebody")
    other = job.model_copy(update={"request": job.request.with_(model={"checkpoint_hash": "0123456789"})})
    with pytest.raises(Exception, match="one model"):
        studio.put(other)


@pytest.mark.parametrize("path", ["/", "/config", "/api/images", "/gradio_api/queue/join"])
def test_no_other_origin_reads_an_answer(client: Visitor, path: str) -> None:
    """Gradio's own middleware would let any."""
    foreign = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for method in ("GET", "OPTIONS", "POST"):
        with client.stream(method, path, headers=foreign) as answer:
            assert [name for name in answer.headers if name.startswith("access-control-")] == []
            assert "content-security-policy" in answer.headers


def test_no_file_of_the_server_is_read(client: Visitor, settings: Settings) -> None:
    for path in ("/etc/passwd", str(settings.data / "atelier.db"), "app.py"):
        assert client.get(f"/gradio_api/file={path}").status_code == 403
        assert client.get(f"/file={path}").status_code == 403


def test_the_page_says_the_same_by_each_way_of_serving(client: Visitor) -> None:
    """What Gradio tells the browser of how it was started."""
    config = client.get("/config").json()
    told = {"footer_links": [], "run_history": False, "pwa": False, "space_id": None, "show_error": False}
    assert {name: config[name] for name in told} == told
