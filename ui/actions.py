"""What the page's events do: thin functions between the form's values by name and the studio."""

import itertools
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import gradio as gr
from gradio.blocks import Block

from engine.errors import INTERNAL, AtelierError, BadRequest
from engine.library.model import ModelFile
from engine.request.schema import PARAMETERS
from engine.studio import Studio
from ui.batches import seeds_after
from ui.form import FORM, detectors, shown, sort_out
from ui.units import drawn_units, of_form

log = logging.getLogger("atelier.ui")
LOOK: dict[str, Any] = {"count": 1, "trace": False, "format": "JPEG"}
MOST_STARTS = 64  # pictures that one press draws from; begin.js refuses more
LOOK_STEPS = 8  # of a live sketch, unless the form has fewer
FILLED_IN = {
    "checkpoint_hash",
    "start",
    *(name for name, known in PARAMETERS.items() if known.part == "spent"),
}  # of a picture's values: not controls, and nothing is lost without them


class Actions:
    """form: the controls by parameter name; models: the piece that tells JavaScript about the checkpoints."""

    def __init__(self, studio: Studio, visitor: Callable[[gr.Request], str], form: dict[str, Block]):
        self.studio = studio
        self.visitor = visitor
        self.form = form
        self.turn = itertools.count(1)  # makes two equal answers differ, so that JavaScript sees both

    def submit(self, request: gr.Request, begin: Any = None, **values: Any) -> dict[str, Any]:
        """At once {"jobs": ids}, with {"problem": ...} what was refused; the pictures come by the page's own stream.

        begin: the start, as begin.js tells it: its kind, and the parameters that this kind has; `more`: pictures that are
        drawn like the first, each as jobs of its own.
        """
        owner, jobs = self.visitor(request), []
        answer: dict[str, Any] = {"jobs": jobs, "turn": next(self.turn)}
        try:
            self.studio.forms.change(owner, values)
            for one in each(begin):
                wanted = wished(values, one)
                for _ in range(batches(values)):
                    job = self.studio.submit(wanted, owner)
                    jobs.append(job.id)
                    wanted |= seeds_after(job)
        except AtelierError as error:
            answer["problem"] = of_form(error.problem, values.get("control")).model_dump()
        except Exception:
            log.exception("a request could not be submitted")  # Gradio would show a toast with nothing in it
            answer["problem"] = INTERNAL.model_dump()
        return answer

    def look(self, request: gr.Request, live: Any = None, **values: Any) -> dict[str, Any]:
        """What is drawn in a few steps and not kept, in the place of the look before: {"job": id} or {"problem": ...}.

        live: `begin`, as for `submit`, and `turn`, which the answer repeats."""
        asked = live if isinstance(live, dict) else {}
        answer: dict[str, Any] = {"answered": asked.get("turn")}
        try:
            wanted = wished(values, asked.get("begin")) | LOOK
            wanted["steps"] = fewer(values.get("steps"))
            wanted |= {"loops": 1} if "loops" in wanted else {}
            return answer | {"job": self.studio.submit(wanted, self.visitor(request), live=True).id}
        except AtelierError as error:
            return answer | {"problem": of_form(error.problem, values.get("control")).model_dump()}
        except Exception:
            log.exception("a look could not be submitted")
            return answer | {"problem": INTERNAL.model_dump()}

    def restore(self, request: gr.Request) -> list[Any]:
        """The visitor's form as it was, or on a first visit one that draws a picture; then the models' piece."""
        self.studio.library.refresh()
        models = self.studio.library.checkpoints()
        kept, _ = sort_out(self.form, self.studio.forms.get(self.visitor(request)))
        values = kept or first_form(models)
        if values.get("checkpoint") not in names(models):
            values["checkpoint"] = next(iter(names(models)), None)
        return self.updates(values, models)

    def fill(self, message: dict[str, Any] | None, request: gr.Request, **current: Any) -> list[Any]:
        """Values from a picture or an example into the form; answers what was used and what could not be.

        A message with `compare` changes nothing: it is answered by what the values would change.
        """
        message = message if isinstance(message, dict) else {}
        given = {name: value for name, value in dict(message.get("values") or {}).items() if name not in FILLED_IN}
        digest = dict(message.get("values") or {}).get("checkpoint_hash")
        models = self.studio.library.checkpoints()
        left = {str(name): str(value) for name, value in dict(message.get("leftovers") or {}).items()}
        wanted = given.pop("checkpoint", None)
        if wanted:
            found = self.known_model(str(digest or ""), str(wanted))
            if found:
                given["checkpoint"] = found
            else:
                left["checkpoint"] = str(wanted)
        good, bad = sort_out(self.form, given)
        left |= {name: value for name, value in bad.items() if value not in ("", "None")}
        if message.get("compare"):
            answer = {"changes": changes(good, current), "left": left, "turn": next(self.turn)}
            return [answer, *[gr.skip() for _ in (*self.form, "models")]]
        self.studio.forms.put(self.visitor(request), {**current, **good})
        answer = {"filled": sorted(good), "left": left, "turn": next(self.turn)}
        return [answer, *self.updates(good, models)]

    def known_model(self, *wanted: str) -> str | None:
        for name in filter(None, wanted):
            try:
                return self.studio.library.find(name).name
            except AtelierError:
                continue
        return None

    def choose_model(self, checkpoint: str | None, width: Any, height: Any) -> list[Any]:
        """Another model brings its own size, unless the visitor has set one: a size that is no model's own."""
        models = self.studio.library.checkpoints()
        chosen = next((model for model in models if model.name == checkpoint), None)
        own = {(model.width, model.height) for model in models}
        piece = described(models, checkpoint)
        if chosen is None or not ((width, height) in own or width is None or height is None):
            return [gr.skip(), gr.skip(), piece]
        return [chosen.width, chosen.height, piece]

    def refresh(self, checkpoint: str | None) -> list[Any]:
        self.studio.library.refresh()
        models = self.studio.library.checkpoints()
        chosen = checkpoint if checkpoint in names(models) else next(iter(names(models)), None)
        return [gr.update(choices=choices(models), value=chosen), described(models, chosen)]

    def upscalers(self, kept: Any) -> list[str]:
        """kept: a value that may name a file that is no longer here; asking for it says so."""
        found = [one["name"] for one in self.studio.upscalers() if not one["problem"]]
        return [*found, kept] if kept and kept not in found else found

    def detectors(self, kept: Any) -> list[str]:
        """kept: as in upscalers."""
        found = [one["name"] for one in self.studio.additions("detector") if not one["problem"]]
        return [*found, kept] if kept and kept not in found else found

    def updates(self, values: dict[str, Any], models: list[ModelFile]) -> list[Any]:
        """One update for each control, in the form's order, and the models' piece last."""
        result: list[Any] = []
        for name in self.form:
            change: dict[str, Any] = {"choices": choices(models)} if name == "checkpoint" else {}
            if name == "hires_upscaler":
                change["choices"] = self.upscalers(values.get(name))
            if name == "detailer_model":
                change["choices"] = detectors(self.detectors(values.get(name)))
            if name in values:
                change["value"] = values[name]
            result.append(gr.update(**change))
        piece = described(models, values["checkpoint"]) if "checkpoint" in values else gr.skip()
        return [*result, piece]


def changes(new: Mapping[str, Any], current: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each value, in the form's order: as it is, as it would be, and whether that is the same."""
    empty = ("", None, [])
    rows = []
    for name in (name for name in current if name in new):
        old, value = current[name], new[name]
        same = old == value or str(old) == str(value) or (old in empty and value in empty)
        rows.append({"name": name, "old": old, "new": value, "same": same})
    return rows


def wished(values: dict[str, Any], begin: Any) -> dict[str, Any]:
    """What the engine is asked by the form and by what the picture begins with. The second pass belongs to text to
    image: in the other tabs its group is not shown."""
    start = started(begin)
    if start != started(None):
        values = {name: value for name, value in values.items() if not of_hires(name)}
    if start.get("start") != "picture":  # a tick that was set in image to image
        values = {**values, "detailer_only": False}
    lines = start.pop("control", None)  # of a drawing that is followed: its picture serves the form's units, too
    if not isinstance(lines, dict):
        return {**asked(values), **start}
    units = [*drawn_units(values.get("control"), str(lines.get("picture") or "")), lines]
    return {**asked(values), **start, "control": units}


def asked(values: dict[str, Any]) -> dict[str, Any]:
    """What the engine is asked by the form alone: an emptied number counts as its default."""
    units = drawn_units(values.get("control"))
    return {
        name: PARAMETERS[name].default if emptied(name, value) else value
        for name, value in values.items()
        if name in PARAMETERS
    } | ({"control": units} if units else {})


def of_hires(name: str) -> bool:
    return name in PARAMETERS and PARAMETERS[name].part == "hires"


def each(begin: Any) -> list[Any]:
    """The start with each of its pictures. Raises BadRequest for more than one press draws from."""
    if not isinstance(begin, dict) or not isinstance(begin.get("more"), list):
        return [begin]
    if len(begin["more"]) >= MOST_STARTS:
        raise BadRequest(
            "start.many",
            f"{len(begin['more']) + 1} pictures are too many at once.",
            f"Take {MOST_STARTS} at most.",
            field="picture",
            n=len(begin["more"]) + 1,
            most=MOST_STARTS,
        )
    alone = {name: value for name, value in begin.items() if name != "more"}
    return [alone, *({**alone, "picture": str(picture)} for picture in begin["more"])]


def started(begin: Any) -> dict[str, Any]:
    """Raises BadRequest when the picture to begin with is missing."""
    given = dict(begin) if isinstance(begin, dict) else {}
    kind = given.pop("start", "noise")
    if kind != "noise" and not given.get("picture"):
        raise BadRequest(
            "start.picture",
            "There is no picture to begin with.",
            "Drop one into the field, or choose one of your own from the gallery.",
            field="picture",
        )
    return {"start": kind, **given}


def fewer(steps: Any) -> Any:
    """The form's steps where they are fewer, or none that can be counted."""
    try:
        return min(int(steps), LOOK_STEPS) if steps else LOOK_STEPS
    except (TypeError, ValueError, OverflowError):
        return steps


def batches(values: dict[str, Any]) -> int:
    known, value = FORM["batches"], values.get("batches")
    try:
        return max(1, min(int(value or 1), int(known.high or 1)))
    except (TypeError, ValueError, OverflowError):
        return 1


def emptied(name: str, value: Any) -> bool:
    known = PARAMETERS[name]
    if known.many:
        return not value  # a piece without a value holds an empty object
    return not known.optional and (value is None or (value == "" and known.type is not str))


def first_form(models: list[ModelFile]) -> dict[str, Any]:
    """For a first visit: defaults, the first model's own size, and a prompt that it draws well."""
    values = {name: shown(name, known.default) for name, known in FORM.items()}
    usable = next((model for model in models if not model.problem), None)
    if usable:
        values |= {"checkpoint": usable.name, "width": usable.width, "height": usable.height}
        values["prompt"] = next(iter(usable.examples), "")
    return values


def names(models: list[ModelFile]) -> list[str]:
    return [model.name for model in models if not model.problem]


def choices(models: list[ModelFile]) -> list[tuple[str, str]]:
    """Titles for people, names for the engine; a title that two models bear is told apart by the name."""
    titles = [model.title or model.name for model in models]
    usable = [(title, model) for title, model in zip(titles, models, strict=True) if not model.problem]
    return [(title if titles.count(title) == 1 else f"{title} ({m.name})", m.name) for title, m in usable]


def described(models: list[ModelFile], chosen: str | None) -> dict[str, Any]:
    """For JavaScript: no paths."""
    words = (
        "name",
        "title",
        "about",
        "licence",
        "licence_link",
        "examples",
        "width",
        "height",
        "words",
        "family",
        "instructs",
        "problem",
    )
    rows = [{word: asdict(model)[word] for word in words} for model in models]
    for row, model in zip(rows, models, strict=True):
        row["title"] = model.title or model.name
        row["problem"] = model.problem.model_dump() if model.problem else None
    return {"models": rows, "chosen": chosen}
