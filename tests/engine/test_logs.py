"""The log: one line an event, ids where they belong, and no word of what was asked."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from engine.logs import Format, concerning, prepare_logs
from engine.request.read import read

log = logging.getLogger("engine.somewhere")
WORDS = "a marmalade zeppelin"  # a stack shows lines of code, and they should not be in one


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def stumble() -> None:
    try:
        raise ValueError(WORDS)
    except ValueError:
        log.exception("job %s failed", "0123")


def test_json_says_when_what_and_about_whom(lines: io.StringIO) -> None:
    prepare_logs("json", lines)
    with concerning(request="abc"), concerning(job="0123"):
        log.info("a job\nhas begun")
    log.info("afterwards")
    first, second = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert first["ts"].endswith("+00:00")
    assert {key: first[key] for key in ("level", "logger", "event", "request", "job")} == {
        "level": "info",
        "logger": "engine.somewhere",
        "event": "a job\nhas begun",
        "request": "abc",
        "job": "0123",
    }
    assert "job" not in second


@pytest.mark.parametrize("format", ["text", "json"])
def test_an_error_tells_its_kind_and_place_but_not_its_text(lines: io.StringIO, format: Format) -> None:
    prepare_logs(format, lines)
    stumble()
    told = lines.getvalue()
    assert "ValueError" in told
    assert "in stumble" in told
    assert WORDS not in told


def test_a_refused_request_is_not_quoted(lines: io.StringIO) -> None:
    prepare_logs("text", lines)
    try:
        read({"prompt": WORDS, "steps": WORDS})
    except Exception:
        log.exception("refused")
    assert "BadRequest" in lines.getvalue()
    assert WORDS not in lines.getvalue()


def test_an_error_of_the_system_is_told_whole(lines: io.StringIO) -> None:
    prepare_logs("text", lines)
    try:
        raise OSError(28, "No space left on device")
    except OSError:
        log.exception("the disk")
    assert "No space left on device" in lines.getvalue()


def test_libraries_are_heard_from_warnings_on(lines: io.StringIO) -> None:
    prepare_logs("text", lines)
    logging.getLogger("httpx").info("GET https://example.org")
    logging.getLogger("httpx").warning("slow")
    assert lines.getvalue().count("\n") == 1
