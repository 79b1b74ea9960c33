"""Names of samplers and schedules as clients write them: "DPM++ 2M Karras" carries its schedule with it."""

from api.a1111.errors import refused
from engine.request.samplers import FACTS, SAMPLERS, SCHEDULES

DEFAULT_SAMPLER = "Euler"


def short(label: str) -> str:
    """Their name of a schedule beside its label."""
    return label.lower().replace(" ", "_")


ALIASES = {"SGM Uniform": ("SGMUniform",)}
FORMS = {
    form: label for label in SCHEDULES for form in (label, short(label), *ALIASES.get(label, ()))
}  # what a schedule is called, and its label
LOOSE = {form.lower(): label for form, label in FORMS.items()}


def sampler_and_schedule(name: str, schedule: str | None) -> tuple[str, str]:
    """A schedule at the name's end counts more than the field. Raises HTTPException."""
    given = label_of(schedule) if schedule else "Automatic"
    if name not in SAMPLERS:
        form = next((form for form in sorted(FORMS, key=len, reverse=True) if name.endswith(f" {form}")), None)
        if form:
            name, given = name.removesuffix(form).rstrip(), FORMS[form]
    if name not in SAMPLERS:
        raise refused("Sampler not found", 404)
    return name, "Automatic" if given == FACTS[name].automatic else given


def label_of(schedule: str) -> str:
    label = LOOSE.get(schedule.strip().lower())
    if label is None:
        raise refused("Scheduler not found", 404)
    return label
