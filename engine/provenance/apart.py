"""C2PA of strangers, handled in a process of its own: what breaks the native reader costs an answer, never the studio."""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.provenance.content import read, signed
from engine.provenance.keys import Keys

HOUSE = Path(__file__).resolve().parents[2]
PATIENCE = 30  # seconds
MOST_MEMORY = 4 * 2**30  # bytes of addresses
LARGEST_REPORT = 8 * 2**20
together = threading.Semaphore(2)


def read_apart(file: bytes, mime: str, authority: bytes) -> dict[str, Any]:
    """As content.read; {"error"} also when the reader did not survive it."""
    try:
        told = asked({"do": "read", "mime": mime, "authority": authority.decode()}, file)
        return json.loads(told) if len(told) <= LARGEST_REPORT else {"error": "too long"}
    except (Failed, ValueError, RecursionError):
        return {"error": "failed"}


def signed_apart(file: bytes, mime: str, source: str, keys: Keys, parent: tuple[bytes, str]) -> bytes:
    """As content.signed. Raises Failed."""
    texts = {name: pem.decode() for name, pem in asdict(keys).items()}
    return asked({"do": "sign", "mime": mime, "source": source, "keys": texts, "parent": parent[1]}, file, parent[0])


class Failed(Exception):
    """The process gave no answer."""


def asked(what: dict[str, Any], *blobs: bytes) -> bytes:
    said = json.dumps({**what, "sizes": [len(blob) for blob in blobs]}).encode()
    with together:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "engine.provenance.apart"],
                input=b"".join((said, b"\n", *blobs)),
                capture_output=True,
                cwd=HOUSE,
                timeout=PATIENCE,
                check=False,
            )
        except (subprocess.TimeoutExpired, OSError) as error:
            raise Failed(type(error).__name__) from error
    if done.returncode:
        raise Failed(f"exit code {done.returncode}")
    return done.stdout


def main() -> None:
    """The process: one line of JSON and the files come in, the answer goes out."""
    bounded()
    said = json.loads(sys.stdin.buffer.readline())
    blobs = [sys.stdin.buffer.read(size) for size in said["sizes"]]
    if said["do"] == "read":
        answer = json.dumps(read(blobs[0], said["mime"], said["authority"].encode())).encode()
    else:
        keys = Keys(**{name: text.encode() for name, text in said["keys"].items()})
        answer = signed(blobs[0], said["mime"], said["source"], keys, (blobs[1], said["parent"]))
    sys.stdout.buffer.write(answer)


def bounded() -> None:
    with suppress(ImportError):  # Windows has no such limits; the time is limited everywhere
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
