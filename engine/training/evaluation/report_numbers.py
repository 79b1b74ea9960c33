"""The part of a report that tells how good the pictures of checkpoints are."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from engine.training.evaluation.page import facts, grid, page, paragraph, picture, raw_table, section
from engine.training.evaluation.results import FEW, Judged, Metric, Results
from engine.training.evaluation.say import ENGLISH, Say

PROMPTS_SHOWN, NEAREST_SHOWN = 24, 12
ARROWS = {"higher": "↑", "lower": "↓"}
NOTE = (
    "Arrows show which way is better. A distance can be compared only with others of the same extractor, hash and "
    "number of pictures. FID and KID are what Inception sees; through anything else the same formulas are called FD "
    "and KD. ± is the standard deviation over subsets (KID, KD, Inception Score) or the standard error (CLIP score)."
)


def of_evaluation(folder: Path, results: Results) -> str:
    names = ", ".join(one.name for one in results.judged)
    return page(f"Evaluation: {names}", [head(results), *numbers(folder, results, ENGLISH)])


def head(results: Results) -> str:
    asked = results.asked
    return facts(
        [
            ("Pictures of each", str(asked.n)),
            ("Real pictures", f"{results.real} [{results.real_hash}]" if results.real else "none"),
            ("Size", "{} x {}".format(*results.size)),
            ("Sampling", f"{asked.sampler}, {asked.steps} steps, guidance {asked.guidance:g}"),
            ("First seed", str(asked.seed)),
            ("Negative prompt", asked.negative),
            ("Prompts", str(len(asked.prompts))),
            ("Made", results.made.replace("T", " ").replace("+00:00", " UTC")),
            ("On", f"{results.device}, {results.dtype}"),
            ("With", ", ".join(f"{name} {version}" for name, version in results.versions.items())),
        ]
    )


def numbers(folder: Path, results: Results, say: Say) -> list[str]:
    """The sections."""
    return [
        section(say("Numbers"), measures(results.judged, say), paragraph(say(NOTE), "quiet")),
        section(say("Samples"), samples(folder, results, say)),
        section(say("Nearest real pictures"), *(neighbours(folder, one, say) for one in results.judged)),
    ]


def measures(judged: Sequence[Judged], say: Say) -> str:
    """A row for each number, a column for each checkpoint; what says little is grey and tells why."""
    keys = list(dict.fromkeys(metric.key for one in judged for metric in one.metrics))
    rows, looks = [], []
    for key in keys:
        found = [next((metric for metric in one.metrics if metric.key == key), None) for one in judged]
        first = next(metric for metric in found if metric)
        weak = next((metric for metric in found if metric and metric.weak), None)
        few = escape(say(FEW, n=min(weak.n, weak.real), width=weak.width)) if weak else ""
        note = f'<div class="quiet">{few}</div>' if weak else ""
        n = f"{first.n}" + (f" / {first.real}" if first.real else "")
        rows.append(
            f'<th scope="row">{escape(label(first, say))} {ARROWS[first.better]}{note}</th>'
            + "".join(f'<td class="number"><span class="value">{value(metric)}</span></td>' for metric in found)
            + f'<td class="number">{n}</td><td class="number">{escape(first.extractor)}, {escape(say("{n} features", n=first.width))}</td>'
            f"<td><code>{escape(first.hash)}</code></td>"
        )
        looks.append("weak" if weak else "")
    if any(one.seconds is not None for one in judged):
        cells = "".join(f'<td class="number">{one.seconds:.2f}</td>' if one.seconds else "<td></td>" for one in judged)
        rows.append(f'<th scope="row">{escape(say("Seconds a picture"))} ↓</th>{cells}<td></td><td></td><td></td>')
    return raw_table(
        ["", *(f"{one.name} [{one.hash}]" for one in judged), say("n / real"), say("Extractor"), say("Weights")],
        rows,
        looks,
    )


def label(metric: Metric, say: Say) -> str:
    """What stands in brackets is the extractor's name."""
    name, *extractor = metric.label.split(" (")
    return " (".join([say(name), *extractor])


def value(metric: Metric | None) -> str:
    if metric is None:
        return "–"
    return f"{metric.value:.4g}" + (f" ± {metric.spread:.2g}" if metric.spread is not None else "")


def samples(folder: Path, results: Results, say: Say) -> str:
    asked, judged = results.asked, results.judged
    rows = []
    for index in range(min(PROMPTS_SHOWN, asked.n)):
        prompt = asked.prompts[index % len(asked.prompts)]
        cells = [picture(folder, one.pictures[index], f"{one.name}: {prompt}", say) for one in judged]
        rows.append((f"{prompt} · {say('seed {n}', n=(asked.seed + index) % 2**64)}", cells))
    if len(judged) > 1:
        return grid([one.name for one in judged], rows)
    cells = "".join(
        f"<figure><div>{cell}</div><figcaption>{escape(text)}</figcaption></figure>" for text, (cell,) in rows
    )
    return f'<div class="gallery">{cells}</div>' if cells else ""


def neighbours(folder: Path, one: Judged, say: Say) -> str:
    """Each sample beside the real picture most like it, the most suspicious first."""
    if not one.nearest:
        return ""
    cells = []
    for near in one.nearest[:NEAREST_SHOWN]:
        sample = one.pictures[near.sample]
        real = str(Path(sample).parent / "nearest" / Path(sample).name)
        cells.append(
            f"<figure><div>{picture(folder, sample, say('sample'), say)}{picture(folder, real, say('real picture'), say)}</div>"
            f"<figcaption>{near.distance:.2f} · {escape(near.file)}</figcaption></figure>"
        )
    told = (
        "Each sample beside the real picture most like it, the closest first. 1 is as far as real pictures are from "
        "their own nearest (median): far below, the sample may be remembered rather than drawn."
    )
    return f'<h3>{escape(one.name)}</h3>{paragraph(say(told), "quiet")}<div class="pairs">{"".join(cells)}</div>'
