"""/metrics for Prometheus, and one line in the log for each request: numbers and ids, never names or prompts."""

import logging
import re
import time
from collections import Counter
from collections.abc import Iterator
from threading import Lock
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import person
from engine.errors import NotFound
from engine.logs import concerning
from engine.measures import REQUESTS, Histogram
from engine.studio import Studio

QUIET = ("/healthz", "/readyz", "/metrics", "/assets/", "/static/", "/gradio_api/heartbeat/")  # asked all the time
PLAIN, ID = re.compile(r"[a-z0-9_.-]{0,40}"), re.compile(r"[0-9a-f]{12,64}")
router = APIRouter()
log = logging.getLogger("atelier.http")


class Traffic:
    """Requests by method and status, and the seconds until an answer began (streams go on after it)."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.answers: Counter[tuple[str, str]] = Counter()
        self.seconds = Histogram(REQUESTS)

    def note(self, method: str, status: int, seconds: float) -> None:
        with self.lock:
            self.answers[method if method.isalpha() and len(method) < 8 else "OTHER", str(status)] += 1
            self.seconds.note(seconds)


class Metered:
    """Outside the guard, so that what it refuses counts, too."""

    def __init__(self, app: ASGIApp, traffic: Traffic):
        self.app, self.traffic = app, traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, told = time.monotonic(), {}

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start" and not told:
                told["status"] = message["status"]
                told["request"] = dict(message.get("headers", ())).get(b"x-request-id", b"").decode()
                self.traffic.note(scope["method"], message["status"], time.monotonic() - began)
            await send(message)

        await self.app(scope, receive, noted)
        if not scope["path"].startswith(QUIET):
            with concerning(request=told.get("request", "")):
                spent = (time.monotonic() - began) * 1000
                log.info("%s %s %s %.0f ms", scope["method"], told_path(scope["path"]), told.get("status", 0), spent)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """In the text format of Prometheus; for admins, and for tokens of theirs."""
    if person(request).role != "admin":
        raise NotFound("path.unknown", "There is nothing here.")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Numbers(request.app.state.studio, request.app.state.traffic))
    return Response(await to_thread.run_sync(generate_latest, registry), media_type=CONTENT_TYPE_LATEST)


class Numbers:
    """A collector of prometheus_client: asks the studio at the moment."""

    def __init__(self, studio: Studio, traffic: Traffic):
        self.studio, self.traffic = studio, traffic

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        now, measures = self.studio.numbers(), self.studio.progress.measures
        with measures.lock:
            yield counter("atelier_jobs_total", "Jobs that ended, by how.", "state", measures.ends)
            yield counter("atelier_failures_total", "Jobs that failed, by the code of why.", "code", measures.failures)
            yield plain("atelier_pictures_total", "Pictures made.", measures.pictures)
            yield plain("atelier_worker_deaths_total", "Workers that ended unasked.", measures.deaths)
            yield histogram("atelier_step_seconds", "Seconds from one step of a picture to its next.", measures.steps)
            yield histogram("atelier_load_seconds", "Seconds that loading a model took.", measures.loads)
        yield gauge("atelier_queue_jobs", "Jobs that wait.", now["waiting"])
        yield gauge("atelier_queue_age_seconds", "Seconds that the oldest of them has waited.", now["oldest"])
        yield gauge("atelier_running_jobs", "Jobs in work.", now["running"])
        yield gauge("atelier_ready", "1 when a worker can draw.", int(now["ready"]))
        yield gauge("atelier_disk_free_bytes", "Room on the disk of the data folder.", now["disk_free"])
        with self.traffic.lock:
            answers = CounterMetricFamily(
                "atelier_http_requests_total", "Requests by method and status.", labels=["method", "status"]
            )
            for labels, count in sorted(self.traffic.answers.items()):
                answers.add_metric(list(labels), count)
            yield answers
            yield histogram("atelier_http_seconds", "Seconds until an answer began.", self.traffic.seconds)


def counter(name: str, about: str, label: str, values: Counter[str]) -> Metric:
    family = CounterMetricFamily(name, about, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def plain(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(name, about, value=value)


def gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def histogram(name: str, about: str, measured: Histogram) -> Metric:
    buckets: list[Any] = []
    so_far = 0
    for limit, count in zip([*map(str, measured.limits), "+Inf"], measured.counts, strict=True):
        so_far += count
        buckets.append((limit, so_far))
    return HistogramMetricFamily(name, about, buckets=buckets, sum_value=measured.total)


def told_path(path: str) -> str:
    """Its first two parts, and ids; other parts may be names that somebody has typed, as what follows a question mark."""
    parts = path.strip("/").split("/")
    return "/" + "/".join(
        part if (PLAIN.fullmatch(part) and at < 2) or ID.fullmatch(part) else "*" for at, part in enumerate(parts)
    )
