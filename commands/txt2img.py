"""Draw pictures from a prompt in this process, and write them as files."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from commands.options import add_installation, add_parameters, settings, values
from engine.errors import AtelierError, BadRequest
from engine.events import Event, Failed, Made, Stepped
from engine.gallery.files import write
from engine.job import Job, new_id
from engine.library.scan import Library
from engine.metadata.write import SUFFIXES
from engine.prompt.lexicon import Lexicon
from engine.request.generation import GenerationRequest
from engine.request.read import read
from engine.resolve import draw_seed, resolve
from engine.settings import Settings, prepare_environment

FORMATS = {suffix: kind for kind, suffix in SUFFIXES.items()} | {".jpeg": "JPEG"}
ENDINGS = ".png, .jpg, .jpeg or .webp"


def main(arguments: list[str]) -> int:
    """0: all pictures are written; 1: drawing failed; 2: it cannot be done as it was asked for."""
    options = parse(arguments)
    prepare_environment()
    try:
        chosen = settings(options)
        asked = wanted(values(options), options.output)
        paths = destinations(Path(options.output or f"out{SUFFIXES[asked.output.format]}"), asked.output.count)
        library = Library(chosen.models, chosen.data / "cache")
        library.refresh()
        request = resolve(asked, library, draw_seed, Lexicon.of(chosen.data))
        return follow(draw(request, library, chosen), paths)
    except AtelierError as error:
        return complain(str(error), 2)
    except OSError as error:
        return complain(f"A picture could not be written: {error.strerror or error}.", 1)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="launch.py txt2img", description="Draw pictures from a prompt.", allow_abbrev=False
    )
    parser.add_argument("prompt", help="what the picture shows")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write it; the suffix decides how (out.png)")
    add_parameters(parser)
    add_installation(parser)
    return parser.parse_args(arguments)


def wanted(given: dict[str, Any], output: str | None) -> GenerationRequest:
    """The file's suffix says the format. Raises BadRequest where --format says another, or nothing is known of it."""
    if output is None:
        return read(given)
    kind = FORMATS.get(Path(output).suffix.lower())
    if kind is None:
        name = Path(output).name
        raise BadRequest("output.suffix", f"Pictures are not written as {name}.", f"End it in {ENDINGS}.")
    asked = read({"format": kind, **given})
    if asked.output.format != kind:
        raise BadRequest(
            "output.suffix", f"{Path(output).name} cannot be a {asked.output.format}.", "Leave out --format."
        )
    return asked


def destinations(output: Path, count: int) -> list[Path]:
    """out.png, or out-1.png, out-2.png ... when there are several. Raises BadRequest before anything is drawn."""
    if not output.parent.is_dir():
        raise BadRequest("output.folder", f"There is no folder {output.parent}.", "Make it first.")
    if output.is_dir() or not os.access(output.parent, os.W_OK):
        raise BadRequest("output.folder", f"{output} cannot be written.", "Choose another place with -o.")
    if count == 1:
        return [output]
    return [output.with_name(f"{output.stem}-{number}{output.suffix}") for number in range(1, count + 1)]


def draw(request: GenerationRequest, library: Library, chosen: Settings) -> Iterator[Event]:
    """The job's events; torch is loaded with the first one."""
    from engine.denoise.painter import Painter
    from engine.provenance.sign import Signer

    inputs = chosen.data / "inputs"
    signer = Signer(chosen.data / "keys") if chosen.marking == "signed" else None
    how = (chosen.device, chosen.dtype, chosen.max_rows, chosen.model_memory)
    painter = Painter(library, *how, inputs, signer)
    with contextlib.closing(painter):
        painter.add(Job(id=new_id(), owner="", request=request, created=time.time()))
        while not painter.idle:
            yield from painter.step()


def follow(events: Iterator[Event], paths: list[Path]) -> int:
    """Shows the steps, writes each picture as it is made."""
    steps = [0] * len(paths)
    show = progress()
    for event in events:
        match event:
            case Stepped():
                steps[event.index] = event.step
                show(sum(steps), event.of * len(paths))
            case Made():
                show(0, 0)
                write(paths[event.index], event.file)
                print(paths[event.index], event.infotext, sep="\n", flush=True)
            case Failed():
                show(0, 0)
                return complain(str(event.problem), 1)
    return 0


def progress() -> Callable[[int, int], None]:
    """A line that redraws itself on a terminal; elsewhere it is written once, at the last step. (0, 0) ends it."""
    terminal = sys.stderr.isatty()
    open_line = False

    def show(step: int, of: int) -> None:
        nonlocal open_line
        if of and terminal:
            print(f"\rstep {step} of {of} ", end="", file=sys.stderr, flush=True)
        elif of and step == of:
            print(f"step {step} of {of}", file=sys.stderr, flush=True)
        elif not of and open_line:
            print(file=sys.stderr)
        open_line = bool(of) and terminal

    return show


def complain(words: str, status: int) -> int:
    print(words, file=sys.stderr)
    return status
