"""Examine this machine: can it draw, and what to do if not."""

import argparse
import http.client
import os
import platform
import shutil
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from commands.options import add_installation, settings
from engine.errors import AtelierError
from engine.settings import Settings, prepare_environment

GIB = 2**30
LITTLE_MEMORY = 4 * GIB  # an SD 1.5 checkpoint and one picture at 512 x 512


@dataclass(frozen=True)
class Finding:
    """verdict: "problem" keeps the studio from drawing; "note" is worth knowing."""

    verdict: Literal["ok", "note", "problem"]
    about: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.verdict:8}{self.about:10}{self.text}"
        return f"{line}\n{'':18}{self.remedy}" if self.remedy else line


def main(arguments: list[str]) -> int:
    """0 when this machine can draw, 1 when something prevents it, 2 when a setting is wrong."""
    parser = argparse.ArgumentParser(prog="launch.py doctor", description="Can this machine draw?", allow_abbrev=False)
    add_installation(parser)
    options = parser.parse_args(arguments)
    prepare_environment()
    try:
        chosen = settings(options)
    except AtelierError as error:
        print(error, file=sys.stderr)
        return 2
    problems = 0
    for check in CHECKS:
        for finding in check(chosen):
            print(finding, flush=True)
            problems += finding.verdict == "problem"
    print("This machine can draw." if not problems else f"Problems that prevent drawing: {problems}.")
    return 1 if problems else 0


def python(_: Settings) -> Iterator[Finding]:
    yield Finding("ok", "Python", f"{platform.python_version()} at {sys.executable}, {platform.platform(terse=True)}")


def memory(_: Settings) -> Iterator[Finding]:
    free = psutil.virtual_memory().available
    text = f"{free / GIB:.1f} GiB of {psutil.virtual_memory().total / GIB:.1f} GiB free"
    if free < LITTLE_MEMORY:
        yield Finding(
            "note", "memory", text, "Enough for small models; close other programs before using SD 1.5 or 2.1."
        )
    else:
        yield Finding("ok", "memory", text)


def disk(chosen: Settings) -> Iterator[Finding]:
    folder = standing(chosen.data)
    free = shutil.disk_usage(folder).free / GIB
    text = f"{free:.1f} GiB free for {chosen.data}"
    if not os.access(folder, os.W_OK):
        yield Finding("problem", "disk", f"{chosen.data} cannot be written", "Change its permissions, or give --data.")
    elif free < chosen.disk_reserve:
        yield Finding(
            "problem", "disk", text, f"The studio keeps {chosen.disk_reserve:g} GiB free: make room, or give --data."
        )
    else:
        yield Finding("ok", "disk", text)


def standing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def port(chosen: Settings) -> Iterator[Finding]:
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((chosen.host, chosen.port))
        except OSError as error:
            user = "the studio" if answers(chosen) else listener(chosen.port)
            text = f"{chosen.port} is used by {user}" if user else f"{chosen.port}: {error.strerror}"
            remedy = "" if user == "the studio" else f"Start with another one: --port {chosen.port % 65535 + 1}"
            yield Finding("note" if remedy else "ok", "port", text, remedy)
            return
    yield Finding("ok", "port", f"{chosen.port} is free")


def answers(chosen: Settings) -> bool:
    """Whether a studio is running there already, ready or not."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(chosen.host, chosen.host)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://{host}:{chosen.port}/readyz", timeout=1) as answer:
            words = answer.read(10_000)
    except urllib.error.HTTPError as answer:
        words = answer.read(10_000)
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return b'"ready"' in words and b'"waiting"' in words


def listener(number: int) -> str:
    """The program that listens on the port, as far as we are allowed to see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == number and connection.status == psutil.CONN_LISTEN:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})" if connection.pid else ""
    except psutil.Error:
        pass
    return "another program"


def models(chosen: Settings) -> Iterator[Finding]:
    from engine.library.scan import Library

    library = Library(chosen.models, chosen.data / "cache")
    library.refresh()
    usable = 0
    for model in library.checkpoints():
        if model.problem:
            yield Finding(
                "note", "model", f"{model.name} cannot be used: {model.problem.message}", model.problem.remedy
            )
        else:
            usable += 1
            yield Finding("ok", "model", f"{model.name} ({model.family}, {model.size / GIB:.2f} GiB)")
    if not usable:
        folder = chosen.models / "checkpoints"
        yield Finding("problem", "model", f"none in {folder}", "Put a .safetensors checkpoint there.")


def torch(chosen: Settings) -> Iterator[Finding]:
    """Last, because loading it takes longer than all the rest."""
    try:
        from torch import __version__, cuda, version

        from engine.denoise import device as devices
    except (ImportError, OSError) as error:
        text = "is not installed" if isinstance(error, ModuleNotFoundError) else f"cannot be loaded: {error}"
        yield Finding("problem", "torch", text, "Start with python3 launch.py, which installs what is needed.")
        return
    yield Finding("ok", "torch", f"{__version__}, built for {f'CUDA {version.cuda}' if version.cuda else 'CPUs only'}")
    try:
        device, dtype = devices.pick(chosen.device, chosen.dtype)
    except AtelierError as error:
        yield Finding("problem", "device", error.problem.message, error.problem.remedy)
        return
    number_format = str(dtype).removeprefix("torch.")
    if device.type == "cuda":
        free, total = cuda.mem_get_info(device)
        bfloat16 = "with" if cuda.is_bf16_supported(including_emulation=False) else "without"
        text = f"{devices.name(device)}, {free / GIB:.1f} GiB of {total / GIB:.1f} GiB free, {bfloat16} bfloat16"
        yield Finding("ok", "device", f"{text}; draws in {number_format}")
        return
    text = f"{devices.name(device)}, {'with' if devices.computes_bfloat16() else 'without'} bfloat16"
    yield Finding("ok", "device", f"{text}; draws in {number_format}")
    if shutil.which("nvidia-smi") and chosen.device == "auto":
        remedy = "Bring the driver up to date." if version.cuda else "This torch is built for CPUs only."
        yield Finding("note", "device", "there seems to be an NVIDIA GPU that torch cannot use", remedy)


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (python, memory, disk, port, models, torch)
