"""How the studio logs: lines for people, or JSON for machines; never a prompt, and never what somebody has typed.

What an error says may quote what was asked, so its text is told only where it comes from the system or a library that
does not know of prompts; otherwise its kind and where it happened must do.
"""

import json
import logging
import os
import sqlite3
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from io import FileIO
from types import MappingProxyType
from typing import Literal, TextIO

from engine.log_writer import LogWriter

Format = Literal["text", "json"]
PLAIN = (OSError, sqlite3.Error, MemoryError, ImportError, RuntimeError)  # torch's are the last
about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))


@contextmanager
def concerning(**ids: str) -> Iterator[None]:
    """All lines that are logged in here bear these ids: request, person, job."""
    token = about.set({**about.get(), **ids})
    try:
        yield
    finally:
        about.reset(token)


class Lines(logging.Formatter):
    """One line an event, then the stack of an error without its text."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        ids = "".join(f" {name}={value}" for name, value in ids_of(record).items())
        line = f"{time} {record.levelname} {record.name} {record.getMessage()}{ids}"
        told, stack = error_of(record)
        return "\n".join([line, *stack, told]) if told else line


class Objects(logging.Formatter):
    """One JSON object a line: ts, level, logger, event, the ids, and of an error its kind and stack."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"ts": time, "level": record.levelname.lower(), "logger": record.name, "event": record.getMessage()}
        told, stack = error_of(record)
        error = {"error": told, "trace": stack} if told else {}
        return json.dumps({**line, **ids_of(record), **error}, ensure_ascii=False)


FORMATS: dict[Format, type[logging.Formatter]] = {"text": Lines, "json": Objects}


def prepare_logs(format: Format, stream: TextIO | None = None) -> None:
    """From now on in this process, all to one stream; by default to standard error, whoever reads it (log_writer.py)."""
    handler = logging.StreamHandler(stream) if stream else LogWriter(FileIO(os.dup(2), "w"))
    handler.setFormatter(FORMATS[format]())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for ours in ("atelier", "engine", "api", "ui"):
        logging.getLogger(ours).setLevel(logging.INFO)


def ids_of(record: logging.LogRecord) -> dict[str, str]:
    return {**about.get(), **getattr(record, "ids", {})}


def error_of(record: logging.LogRecord) -> tuple[str, list[str]]:
    """Its kind, with its text where that may be told, and its stack; empty without an error."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return "", []
    kind = type(error).__name__
    told = f"{kind}: {error}" if isinstance(error, PLAIN) else kind
    return told, [line.rstrip("\n") for line in traceback.format_tb(error.__traceback__)]
