"""Measure how good the pictures of checkpoints are, and write the report."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from commands.options import add_installation, settings
from commands.txt2img import complain
from engine.errors import AtelierError, BadRequest
from engine.settings import Settings, prepare_environment
from engine.training.evaluation.results import Doing, Done, Evaluation, Metric, Results

REPORT = "report.html"
LARGEST_PROMPTS = 4 * 2**20  # bytes of the file


def main(arguments: list[str]) -> int:
    """0: the report is written; 1: a picture or file could not be made; 2: it cannot be done as it was asked for."""
    options = parse(arguments)
    prepare_environment()
    try:
        chosen = settings(options)
        asked = wanted(options)
        folder = Path(options.out).expanduser().resolve()
        results = follow(run(asked, chosen, folder))
        print(table(results))
        write_report(folder)
        return 0
    except AtelierError as error:
        return complain(str(error), 2)
    except OSError as error:
        return complain(f"A file could not be read or written: {error.strerror or error}.", 1)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="launch.py evaluate",
        description="Measure how good the pictures of checkpoints are. Stopped with Ctrl-C, it goes on where it was.",
        allow_abbrev=False,
    )
    given: dict[str, Any] = {"default": argparse.SUPPRESS}
    parser.add_argument("checkpoints", nargs="+", metavar="CHECKPOINT", help="names in models/checkpoints, up to 8")
    parser.add_argument("--prompts", required=True, metavar="FILE", help="one prompt on each line")
    parser.add_argument("--real", metavar="FOLDER", help="real pictures to compare with", **given)
    parser.add_argument("--n", type=int, metavar="NUMBER", help="pictures of each checkpoint (256)", **given)
    parser.add_argument(
        "--seed", type=int, metavar="NUMBER", help="of the first picture; the next count up (1)", **given
    )
    parser.add_argument("--steps", type=int, metavar="NUMBER", help="1 to 150 (20)", **given)
    parser.add_argument("--sampler", metavar="NAME", help="as in txt2img (DPM++ 2M)", **given)
    parser.add_argument("--guidance", type=float, metavar="NUMBER", help="1 to 30 (5)", **given)
    parser.add_argument("--negative", metavar="TEXT", help="what the pictures should not show", **given)
    parser.add_argument("--size", type=int, metavar="PIXELS", help="side of the pictures (the model's own)", **given)
    parser.add_argument("--extractor", metavar="NAME", help="auto, inception, clip, vae or random (auto)", **given)
    parser.add_argument("-o", "--out", default="evaluation", metavar="FOLDER", help="for pictures, numbers and report")
    add_installation(parser)
    return parser.parse_args(arguments)


def wanted(options: argparse.Namespace) -> Evaluation:
    """Raises BadRequest for what is wrong, in the words of the command line."""
    given = {name: value for name, value in vars(options).items() if name in Evaluation.model_fields}
    given["checkpoints"] = tuple(options.checkpoints)
    given["prompts"] = prompts(Path(options.prompts))
    if "real" in given:
        given["real"] = str(Path(given["real"]).expanduser().resolve())
    try:
        return Evaluation(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        said = first["msg"].removeprefix("Input ")
        flag = name if name == "checkpoints" else f"--{name}"
        raise BadRequest("evaluation.wrong", f"{flag} {said}.", "Correct it; see --help.", field=name) from None


def prompts(file: Path) -> tuple[str, ...]:
    if not file.is_file():
        raise BadRequest("evaluation.prompts", f"There is no file {file}.", "Write one with a prompt on each line.")
    if file.stat().st_size > LARGEST_PROMPTS:
        raise BadRequest("evaluation.prompts", f"{file} is larger than 4 MB.", "Take fewer prompts.")
    lines = [line.strip() for line in file.read_text("utf-8", "replace").splitlines()]
    found = tuple(line for line in lines if line)
    if not found:
        raise BadRequest("evaluation.prompts", f"{file} holds no prompt.", "Write one on each line.")
    return found


def run(asked: Evaluation, chosen: Settings, folder: Path) -> Iterator[Doing | Done]:
    """torch is loaded with the first event."""
    from engine.training.evaluation.evaluate import evaluate
    from engine.training.material import House

    roots = (Path(asked.real),) if asked.real else ()
    return evaluate(asked, House(chosen.models, chosen.data / "cache", roots, chosen.device), folder, chosen.dtype)


def follow(events: Iterator[Doing | Done]) -> Results:
    """Shows what is done: on a terminal in one line that redraws itself, elsewhere a line for each part."""
    terminal, shown = sys.stderr.isatty(), ""
    for event in events:
        if isinstance(event, Done):
            print(end="\n" if terminal and shown else "", file=sys.stderr)
            return event.results
        part = f"{event.model or 'real pictures'}: {event.doing}"
        count = f" {event.done} of {event.of}" if event.of else ""
        if terminal:
            print(f"\r{part}{count:20}", end="", file=sys.stderr, flush=True)
        elif part != shown:
            print(part, file=sys.stderr, flush=True)
        shown = part
    raise AssertionError("an evaluation ends with its results")


def table(results: Results) -> str:
    """Of each checkpoint the numbers with what identifies them."""
    lines = []
    for one in results.judged:
        lines.append(f"{one.name} [{one.hash}]")
        lines += [f"  {line(metric)}" for metric in one.metrics]
        lines += [f"  {one.seconds:.2f} s a picture"] if one.seconds is not None else []
    return "\n".join(lines)


def line(metric: Metric) -> str:
    spread = f" ± {metric.spread:.4g}" if metric.spread is not None else ""
    told = f"n = {metric.n}" + (f", {metric.real} real" if metric.real else "")
    note = f"; {metric.weak}" if metric.weak else ""
    return f"{metric.label}: {metric.value:.4f}{spread} ({told}, {metric.extractor} [{metric.hash}]{note})"


def write_report(folder: Path) -> None:
    from engine.training.evaluation.report import report

    part = folder / f"{REPORT}.part"
    part.write_text(report(folder), "utf-8")
    part.replace(folder / REPORT)
    print(folder / REPORT)
