"""From AUTOMATIC1111's fields to values by our names: defaults of theirs, what an infotext says, what is said outright."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.a1111.errors import Invalid
from api.a1111.fields import DEFAULTS, NOT_HERE, NUMBERED, PARAMETERS_OF
from api.a1111.loans import Loans
from api.a1111.names import DEFAULT_SAMPLER, sampler_and_schedule
from api.a1111.options import drawn
from api.a1111.starts import starts_of
from api.a1111.units import scripts_of, units_of
from engine.request.parts import LARGEST_SEED
from engine.request.samplers import FACTS
from engine.request.schema import PARAMETERS
from engine.resolve import draw_seed
from engine.studio import Studio

MOST_ROUNDS = 100
NETWORKS = re.compile(r"<\w{1,40}:[^<>]+>")
LONGEST_TEXT = 200_000  # characters of an infotext
FROM_TEXT = ("words", "model", "canvas", "sampling", "tuning", "noise", "hires")  # parts that an infotext may fill
LEAST = 0.01  # of a strength: the last step is drawn also for 0, as there
SECOND_PASS: dict[str, tuple[str, str]] = {  # of one's own, which must be the first pass's here
    "hr_sampler_name": ("sampler", "Use same sampler"),
    "hr_scheduler": ("schedule", "Use same scheduler"),
    "hr_prompt": ("prompt", ""),
    "hr_negative_prompt": ("negative_prompt", ""),
}


@dataclass
class Asked:
    """A request understood. starts: what differs between the pictures of a round; maps: of which units they are wanted.

    fields: theirs, with their defaults; values: ours, of the first round."""

    kind: str
    fields: dict[str, Any]
    options: dict[str, Any]
    values: dict[str, Any]
    starts: list[dict[str, Any]] = field(default_factory=list)
    maps: list[bool] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        return self.fields["n_iter"]

    @property
    def passes(self) -> int:
        return 2 if self.fields.get("enable_hr") else 1

    def jobs(self, number: int) -> list[dict[str, Any]]:
        """Values of round `number`, from 0: one job, or one for each starting picture."""
        batch = max(self.values["count"], len(self.starts))
        if len(self.starts) <= 1:
            whole = {**self.values, **(self.starts[0] if self.starts else {})}
            return [counted(whole, number * batch)]
        return [
            counted({**self.values, "count": 1, **start}, number * batch + at) for at, start in enumerate(self.starts)
        ]


def counted(values: Mapping[str, Any], by: int) -> dict[str, Any]:
    """While a variation is mixed in, it is its seed that counts up, as there."""
    name = "variation_seed" if values.get("variation_strength") else "seed"
    return {**values, name: (values[name] + by) % (LARGEST_SEED + 1)} if by else dict(values)


def understand(
    kind: str, fields: dict[str, Any], given: set[str], options: dict[str, Any], studio: Studio, loans: Loans
) -> Asked:
    """fields: with their defaults; given: those that the request names."""
    refuse_absent(fields)
    units = scripts_of(fields)
    if len(fields["infotext"] or "") > LONGEST_TEXT:
        raise Invalid.at("infotext", "The text is longer than any settings are.")
    sayings = studio.settings_in(fields["infotext"]) if fields["infotext"] else {}
    said = {name: value for name, value in sayings.items() if name == "strength" or part_of(name) in FROM_TEXT}
    theirs = translated(kind, fields)
    own = {PARAMETERS_OF[kind][name].name for name in given if name in PARAMETERS_OF[kind] and fields[name] is not None}
    if given & {"sampler_name", "sampler_index"}:
        own |= {"sampler", "schedule"}
    overrides = {name: options[name] for name in fields["override_settings"] or {} if name in options}
    outright = {name: theirs[name] for name in own if name in theirs}
    values = {**theirs, **drawn(options), **said, **drawn(overrides), **outright}
    values["styles"] = known_styles(values.get("styles"), studio)
    if fields["disable_extra_networks"]:
        values["prompt"] = NETWORKS.sub("", values.get("prompt", ""))
    for name in ("seed", *(["variation_seed"] if values.get("variation_strength") else [])):
        if values.get(name) in (None, -1):
            values[name] = draw_seed()
    leave_unsaid(values)
    rounds = fields["n_iter"]
    if rounds is None or not 1 <= rounds <= MOST_ROUNDS:
        raise Invalid.at("n_iter", f"n_iter must be between 1 and {MOST_ROUNDS}.")
    values.setdefault("count", 1)
    asked = Asked(kind, fields, options, values)
    if kind == "txt2img":
        values.pop("strength", None)
        hires(asked, said)
    else:
        begun(asked, loans)
    control, asked.maps = units_of(units, loans, starts=kind == "img2img")
    if control:
        asked.values["control"] = control
    return asked


def part_of(name: str) -> str:
    return PARAMETERS[name].part if name in PARAMETERS else ""


def translated(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for theirs, known in PARAMETERS_OF[kind].items():
        value = fields[theirs] if fields[theirs] is not None else DEFAULTS.get(theirs)
        if value is None:
            continue
        if known.name in NUMBERED:
            value = numbered(theirs, value, NUMBERED[known.name])
        values[known.name] = TO_OURS.get(known.name, same)(value)
    name = fields["sampler_name"] or fields["sampler_index"] or DEFAULT_SAMPLER
    values["sampler"], values["schedule"] = sampler_and_schedule(name, fields["scheduler"])
    return values


def numbered(theirs: str, value: Any, choices: tuple[str, ...]) -> str:
    if not 0 <= int(value) < len(choices):
        raise Invalid.at(theirs, f"{theirs} must be between 0 and {len(choices) - 1}.")
    return choices[int(value)]


def same(value: Any) -> Any:
    return value


def eights(value: int) -> int:
    """Latents are eight pixels wide: what stands out is left away, as there."""
    return value // 8 * 8 if value >= 8 else value


def eights_or_none(value: int) -> int | None:
    return eights(value) if value > 0 else None


TO_OURS: dict[str, Callable[[Any], Any]] = {
    "width": eights,
    "height": eights,
    "resize_from_width": eights_or_none,
    "resize_from_height": eights_or_none,
    "hires_width": eights_or_none,
    "hires_height": eights_or_none,
    "hires_upscaler": lambda name: "Lanczos" if name == "None" else name,
    "strength": lambda value: LEAST if value == 0 else value,
    "hires_strength": lambda value: LEAST if value == 0 else value,
}


def refuse_absent(fields: Mapping[str, Any]) -> None:
    for name, nothing in NOT_HERE.items():
        if name in fields and fields[name] not in nothing:
            raise Invalid.at(name, f"{name} is not here; leave it out.")


def leave_unsaid(values: dict[str, Any]) -> None:
    """What changes nothing would stand in the picture's text: webuiapi sends an eta of 1 always, DDIM alone differs by it."""
    facts = FACTS[values["sampler"]]
    if "eta" in values and ("eta" not in facts.takes or values["eta"] == facts.eta):
        del values["eta"]
    if values.get("format", "PNG") == "PNG":
        values.pop("quality", None)


def known_styles(names: Any, studio: Studio) -> list[str]:
    """Unknown ones are passed over, as there."""
    known = {style["name"] for style in studio.styles()} if names else set()
    return [name for name in names or () if name in known]


def hires(asked: Asked, said: Mapping[str, Any]) -> None:
    """On when it is asked for; the fields alone stand for nothing."""
    fields, values = asked.fields, asked.values
    if not (fields["enable_hr"] or said.get("hires_scale", 1) > 1):
        for name in [name for name in values if part_of(name) == "hires"]:
            del values[name]
        return
    for theirs, (ours, stands) in SECOND_PASS.items():
        if fields[theirs] not in (None, "", stands, values.get(ours), fields.get(theirs.removeprefix("hr_"))):
            raise Invalid.at(theirs, f"The second pass has the first one's; leave {theirs} out.")
    values.setdefault("hires_strength", 0.75)
    values.setdefault("hires_upscaler", "Latent")
    if fields["firstphase_width"] and fields["firstphase_height"]:
        values |= {"hires_width": values["width"], "hires_height": values["height"]}
        values |= {"width": eights(fields["firstphase_width"]), "height": eights(fields["firstphase_height"])}


def begun(asked: Asked, loans: Loans) -> None:
    fields = asked.fields
    values = {name: value for name, value in asked.values.items() if part_of(name) != "hires"}
    values.setdefault("strength", 0.75)
    if "mask_blur" not in values:
        across, down = (fields[name] if fields[name] is not None else 4 for name in ("mask_blur_x", "mask_blur_y"))
        if across != down:
            raise Invalid.at("mask_blur_y", "A mask is blurred by the same in both directions here.")
        values["mask_blur"] = across
    asked.fields["batch_size"] = values["count"]
    asked.starts = starts_of(fields, values, loans)
    asked.values = {name: value for name, value in values.items() if part_of(name) != "start"}
