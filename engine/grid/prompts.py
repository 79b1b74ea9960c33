"""Prompts of a grid: lines of a file, as AUTOMATIC1111's script reads them, and all combinations of `a|b|c`."""

import shlex
from itertools import combinations
from typing import Any

from engine.errors import BadRequest
from engine.request.problems import shorten
from engine.request.schema import PARAMETERS

OPTIONS = {**{p.a1111: name for name, p in PARAMETERS.items() if p.a1111}, **{name: name for name in PARAMETERS}}
OPTIONS |= {"sd_model": "checkpoint"}
FOR_ANOTHER = {"picture", "strength", "checkpoint_hash"}  # not of a line's picture
OPEN, CLOSE = "([{<", ")]}>"
MOST_OPTIONS = 9  # 2 to the 9th are 512 combinations


def of_line(line: str) -> dict[str, Any]:
    """The parameters that a line sets: its whole text as the prompt, or options like `--prompt "a tree" --steps 10`."""
    if not line.startswith("--"):
        return {"prompt": line}
    try:
        words = shlex.split(line)
    except ValueError:
        raise BadRequest(
            "grid.quotes", "A quotation mark is not closed.", 'Write --prompt "a tree" --steps 10.', field="prompt"
        ) from None
    found: dict[str, list[str]] = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name = OPTIONS.get(word[2:], "")
            if not name or name in FOR_ANOTHER:
                raise BadRequest(
                    "grid.option",
                    f"There is no option {shorten(word)}.",
                    "Use the parameters' names: --prompt, --negative_prompt, --steps, --cfg_scale, --seed …",
                    option=shorten(word),
                )
            found[name] = []
        else:
            found[name].append(word)
    return {name: typed(name, " ".join(words)) for name, words in found.items()}


def typed(name: str, text: str) -> Any:
    """Numbers stay text: the request reads them. A bare option means yes."""
    if PARAMETERS[name].type is bool:
        return text.lower() not in ("false", "no", "off", "0")
    return text


def parts_of(prompt: str) -> list[str]:
    """`a|b|c` at its bars, except for those in brackets, which mean something else there."""
    parts, depth, escaped = [""], 0, False
    for letter in prompt:
        if not escaped and letter in OPEN:
            depth += 1
        elif not escaped and letter in CLOSE:
            depth = max(0, depth - 1)
        if letter == "|" and depth == 0 and not escaped:
            parts.append("")
        else:
            parts[-1] += letter
        escaped = letter == "\\" and not escaped
    return [part.strip() for part in parts]


def all_combinations(options: list[str]) -> list[tuple[str, ...]]:
    """From none to all, in the options' order."""
    if len(options) > MOST_OPTIONS:
        raise BadRequest(
            "grid.options",
            f"{len(options)} parts make too many combinations.",
            f"Take at most {MOST_OPTIONS}.",
            count=len(options),
            most=MOST_OPTIONS,
        )
    return [chosen for many in range(len(options) + 1) for chosen in combinations(options, many)]
