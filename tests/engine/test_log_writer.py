"""A log that nobody reads: the studio goes on, and says later what is missing."""

import json
import logging
import os
import select
import time
from collections.abc import Iterator
from io import FileIO

import pytest

from engine.log_writer import LogWriter
from engine.logs import Objects

Pipe = tuple[FileIO, FileIO]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reads, writes = os.pipe()
    with FileIO(reads, "r") as reader, FileIO(writes, "w") as writer:
        yield reader, writer


def logger(writer: LogWriter) -> logging.Logger:
    log = logging.Logger("engine.somewhere")
    log.addHandler(writer)
    return log


def read_all(reader: FileIO, until: bytes) -> bytes:
    told = b""
    while until not in told:
        told += reader.read(65536)
    return told


def test_a_pipe_that_nobody_reads_holds_up_nobody_and_the_loss_is_told(pipe: Pipe) -> None:
    writer = LogWriter(pipe[1], most=100)
    writer.setFormatter(Objects())
    log = logger(writer)
    began = time.monotonic()
    for at in range(3000):  # some 300 kB; a pipe holds 64
        log.warning("line %d, and %s", at, "more " * 10)
    assert time.monotonic() - began < 20
    told = b""
    while writer.lines.unfinished_tasks:
        if select.select([pipe[0]], [], [], 0.1)[0]:
            told += pipe[0].read(65536)
    assert b"were lost" in told
    log.warning("the last one")
    told += read_all(pipe[0], b"the last one")
    lines = [json.loads(line)["event"] for line in told.decode().splitlines()]
    lost = [int(line.split()[0]) for line in lines if "were lost" in line]
    assert len(lines) - len(lost) + sum(lost) == 3001


def test_lines_come_whole_and_in_order(pipe: Pipe) -> None:
    writer = LogWriter(pipe[1])
    log = logger(writer)
    for at in range(500):
        log.warning("line %d: 雪 \udc80", at)
    writer.flush()
    lines = read_all(pipe[0], b"line 499: \xe9\x9b\xaa \\udc80\n").decode().splitlines()
    assert [line.split(":")[0] for line in lines] == [f"line {at}" for at in range(500)]


def test_the_end_waits_for_the_last_lines_but_not_for_ever(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.log_writer.PATIENCE", 0.2)
    writer = LogWriter(pipe[1])
    log = logger(writer)
    for _ in range(20):
        log.warning("x" * 10_000)
    began = time.monotonic()
    writer.flush()
    assert 0.2 <= time.monotonic() - began < 2
    left = 20 * 10_001
    while left:
        left -= len(pipe[0].read(left))


def test_a_reader_that_has_gone_is_no_error(pipe: Pipe) -> None:
    writer = LogWriter(pipe[1])
    pipe[0].close()
    log = logger(writer)
    log.warning("to nobody")
    log.warning("again")
    writer.flush()
    assert not writer.lines.unfinished_tasks
