"""The report of a run: how it went, what was asked, what it draws."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, TypeVar

from engine.errors import Problem
from engine.request.training import TRAINING_PARAMETERS, TrainingRequest, flat
from engine.training.evaluation.page import facts, grid, page, paragraph, picture, section, table
from engine.training.evaluation.plots import Mark, Series, plot
from engine.training.evaluation.report_numbers import numbers
from engine.training.evaluation.results import read_results
from engine.training.evaluation.say import ENGLISH, Say
from engine.training.events import Began, Ended, Exported, Measured, RunEvent, Sampled, StepMade, Warned
from engine.training.run_folder import RunFolder

Kind = TypeVar("Kind", bound=RunEvent)
AtStep = TypeVar("AtStep", StepMade, Measured, Sampled)
STEPS_SHOWN = 10_000  # of a longer run some, evenly
CHECKPOINTS_SHOWN = 12  # columns of the sample grid
EVALUATION = "evaluation"  # a folder in the run's
BEST = "The best step is the earliest whose held-out loss lies within one standard error of the lowest."
ADVICE = {
    "overfitting": "The held-out loss has risen while the loss on learned pictures fell: the run has begun to learn them "
    "by heart. The best step is the one to use.",
    "still learning": "The held-out loss was lowest at the end: more steps may still help.",
}


def of_run(folder: RunFolder, say: Say = ENGLISH) -> str:
    """Raises NotFound when its request cannot be read."""
    request = folder.request()
    events, _ = folder.log.thinned(0, STEPS_SHOWN)
    results = read_results(folder.path / EVALUATION)
    parts = [
        head(folder, request, events, say),
        section(say("Curves"), curves(events, say)),
        section(say("Samples"), samples(folder, request, events, say)),
        section(say("Settings that differ from the defaults"), settings(request, say)),
        section(say("What the scan of the pictures found"), findings(folder, say)),
        section(say("Warnings"), warnings(events, say)),
    ]
    if results:
        parts += numbers(folder.path / EVALUATION, results, say)
    return page(request.product.name, parts, say)


def head(folder: RunFolder, request: TrainingRequest, events: Sequence[RunEvent], say: Say) -> str:
    status = folder.status()
    began = last(events, Began)
    step = max((event.step for event in of(events, StepMade)), default=began.step if began else 0)
    measured = last(events, Measured)
    products = [file for event in of(events, Exported) for file in event.files]
    rows = [
        (say("Status"), say.known(f"training.status.{status}", status)),
        (say("Method"), method(request.method.kind, say)),
        (say("Model"), request.base.checkpoint or say("the first one")),
        (say("Steps"), say("{n} of {all}", n=step, all=began.total) if began else str(step)),
        (say("Pictures"), str(began.pictures) if began else ""),
        (say("Best step"), str(measured.best) if measured and measured.best is not None else ""),
        (say("Began"), moment(events[0].time) if events else ""),
        (say("Last event"), moment(events[-1].time) if events else ""),
        (say("Products"), ", ".join(dict.fromkeys(products))),
        (say("Run"), folder.id),
    ]
    ended = last(events, Ended)
    words = (
        paragraph(" ".join(told(ended.problem, say)), "error") if status == "failed" and ended and ended.problem else ""
    )
    if status in ("failed", "crashed") and (said := folder.last_words()):
        words += f"<pre>{escape(said)}</pre>"
    advice = paragraph(say(ADVICE[measured.advice])) if measured and measured.advice in ADVICE else ""
    return facts(rows) + words + advice


# -- curves


def curves(events: Sequence[RunEvent], say: Say) -> str:
    steps = once(of(events, StepMade))
    good = [event for event in steps if not event.left_out]
    plots = [
        plot(
            say("Loss"),
            [
                Series(say("each step"), [(e.step, e.loss) for e in good if e.loss is not None], "faint"),
                Series(say("running mean"), [(e.step, e.smooth) for e in good if e.smooth is not None]),
            ],
            say=say,
        ),
        plot(say("Learning rate"), rates(steps), say=say),
        held_out(once(of(events, Measured)), say),
        plot(
            say("Length of the gradient"),
            [Series(say("before clipping"), [(e.step, e.length) for e in good if e.length is not None], "second")],
            say=say,
        ),
    ]
    drawn = "".join(plots)
    note = paragraph(say(BEST), "quiet") if of(events, Measured) else ""
    return f'<div class="plots">{drawn}</div>{note}' if drawn else ""


def rates(steps: Sequence[StepMade]) -> list[Series]:
    names = list(dict.fromkeys(name for event in steps for name in event.rates))
    looks = ("first", "second", "faint")
    return [
        Series(name, [(e.step, e.rates[name]) for e in steps if name in e.rates], looks[index % len(looks)])
        for index, name in enumerate(names)
    ]


def held_out(measured: Sequence[Measured], say: Say) -> str:
    rows = [event for event in measured if event.held_out is not None]
    best = rows[-1].best if rows else None
    drawn = plot(
        say("Held-out loss"),
        [
            Series(
                say("held out ± standard error of its change"),
                [(event.step, event.held_out or 0.0) for event in rows],
                "first",
                [event.error for event in rows],
                dots=True,
            ),
            Series(say("learned"), [(e.step, e.train) for e in rows if e.train is not None], "second"),
        ],
        mark=Mark(best, say("best: {n}", n=best)) if best is not None else None,
        say=say,
    )
    return drawn


# -- samples


def samples(folder: RunFolder, request: TrainingRequest, events: Sequence[RunEvent], say: Say) -> str:
    """From step 0 on; of many checkpoints some, evenly, the first, the last and the best among them."""
    drawn = once(of(events, Sampled))
    measured = last(events, Measured)
    shown = chosen([event.step for event in drawn], measured.best if measured else None)
    columns = [event for event in drawn if event.step in shown]
    prompts = request.samples.prompts
    rows = [
        (
            prompt,
            [
                picture(folder.path, event.files[index], f"{say('step {n}', n=event.step)}: {prompt}", say)
                if index < len(event.files)
                else ""
                for event in columns
            ],
        )
        for index, prompt in enumerate(prompts)
    ]
    note = ""
    if len(columns) < len(drawn):
        told = say("{n} of {all} checkpoints are shown.", n=len(columns), all=len(drawn))
        note = paragraph(told, "quiet")
    return note + grid([say("step {n}", n=event.step) for event in columns], rows) if columns else ""


def chosen(steps: Sequence[int], best: int | None) -> set[int]:
    if len(steps) <= CHECKPOINTS_SHOWN:
        return set(steps)
    must = {step for step in steps if step == best}
    room = CHECKPOINTS_SHOWN - len(must)
    return must | {steps[round(index * (len(steps) - 1) / (room - 1))] for index in range(room)}


# -- what was asked, what was found


def settings(request: TrainingRequest, say: Say) -> str:
    """Of folders only the last name: reports are sent to others."""
    values = flat(request)
    values["concepts"] = [
        {**one, "folder": Path(one["folder"]).name, "kind": say(one["kind"])} for one in values["concepts"]
    ]
    rows = []
    for name, value in values.items():
        parameter = TRAINING_PARAMETERS.get(name)
        default = parameter.default if parameter else "lora" if name == "method" else None
        if value != default and list_of(value) != list_of(default):
            label = say.known(f"training.field.{name}.label", parameter.label if parameter else "Method")
            choices = parameter.choices if parameter else ()
            pair = [method(str(one), say) if name == "method" else words(one, say, choices) for one in (value, default)]
            rows.append((label, name, *pair))
    return table(["", say("Name"), say("Value"), say("Default")], rows)


def method(kind: str, say: Say) -> str:
    return say.known(f"training.method.{kind}", kind)


def list_of(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def words(value: Any, say: Say, choices: Sequence[str] = ()) -> str:
    """choices: those that the page has words for."""
    match value:
        case bool():
            return say("yes") if value else say("no")
        case float():
            return f"{value:g}"
        case dict():
            return ", ".join(f"{say(name)} {words(inner, say)}" for name, inner in value.items())
        case list() | tuple():
            return "; ".join(words(one, say, choices) for one in value) or say("none")
        case None | "":
            return say("none")
    return say.known(f"training.choice.{value}", value) if value in choices else str(value)


def findings(folder: RunFolder, say: Say) -> str:
    found = folder.noted("findings")
    if found is None:
        return ""
    rows = [(say(str(one.get("severity", ""))), *explained(one, say)) for one in found]
    return table(["", say("What"), say("Remedy")], rows) or paragraph(say("Nothing to complain about."))


def warnings(events: Sequence[RunEvent], say: Say) -> str:
    rows = [(moment(event.time), *told(event.problem, say)) for event in of(events, Warned)]
    return table([say("When"), say("What"), say("Remedy")], rows)


def told(problem: Problem, say: Say) -> tuple[str, str]:
    return explained(problem.model_dump(), say)


def explained(problem: Mapping[str, Any], say: Say) -> tuple[str, str]:
    """Message and remedy, as the page translates them by their code."""
    values = problem.get("values") or {}
    message, remedy = (
        say.known(f"error.{problem.get('code')}.{part}", str(problem.get(part, "")), values)
        for part in ("message", "remedy")
    )
    return message, remedy


# -- reading


def of(events: Sequence[RunEvent], kind: type[Kind]) -> list[Kind]:
    return [event for event in events if isinstance(event, kind)]


def last(events: Sequence[RunEvent], kind: type[Kind]) -> Kind | None:
    return next((event for event in reversed(events) if isinstance(event, kind)), None)


def once(events: Sequence[AtStep]) -> list[AtStep]:
    """In the order of steps, the last of each: a run that went on after a crash has made some of them again."""
    return [event for _, event in sorted({event.step: event for event in events}.items())]


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC") if seconds else ""
