"""The docs cannot fall behind: what exists is written down."""

import re
from pathlib import Path

import pytest

from engine.request.preprocessors import PREPROCESSOR_FACTS
from engine.request.restoring_read import STEP_PARAMETERS
from engine.request.samplers import SAMPLERS, SCHEDULES
from engine.request.schema import CONTROLS, PARAMETERS
from engine.request.upscalers import EVERYWHERE
from engine.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"
HOUSE = DOCS.parent


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_is_described(name: str) -> None:
    parameter = PARAMETERS[name]
    row = next(line for line in (DOCS / "parameters.md").read_text().splitlines() if line.startswith(f"| `{name}` |"))
    assert parameter.label in row
    assert parameter.help in row
    assert (parameter.infotext or "") in row


@pytest.mark.parametrize("name", CONTROLS)
def test_every_value_of_a_control_unit_is_described(name: str) -> None:
    known = CONTROLS[name]
    row = next(line for line in (DOCS / "control.md").read_text().splitlines() if line.startswith(f"| `{name}` |"))
    assert known.label in row
    assert known.help in row
    assert (known.infotext or "") in row


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, known in STEP_PARAMETERS.items() for name in known])
def test_every_value_of_a_restoring_step_is_described(kind: str, name: str) -> None:
    known, lines = STEP_PARAMETERS[kind][name], (DOCS / "restore.md").read_text().splitlines()
    row = next(line for line in lines if line.startswith(f"| `{kind}` | `{name}` |"))
    assert known.label in row
    assert known.help in row


@pytest.mark.parametrize("name", EVERYWHERE)
def test_every_upscaler_that_is_always_there_is_named(name: str) -> None:
    assert f"`{name}`" in (DOCS / "hires.md").read_text().replace("\n", " ")


def test_every_hint_is_described() -> None:
    told = (DOCS / "hints.md").read_text()
    codes = set(re.findall(r'code="hint\.(\w+)"', (HOUSE / "engine" / "picture" / "hints.py").read_text()))
    assert len(codes) > 15
    assert [code for code in codes if f"| `{code}` |" not in told] == []


@pytest.mark.parametrize("name", PREPROCESSOR_FACTS)
def test_every_preprocessor_is_described(name: str) -> None:
    facts = PREPROCESSOR_FACTS[name]
    row = next(line for line in (DOCS / "control.md").read_text().splitlines() if line.startswith(f"| `{name}` |"))
    assert facts.about in row
    for slider in filter(None, (facts.a, facts.b)):
        assert f"{slider.label} {slider.default:g} ({slider.low:g} to {slider.high:g})" in row


@pytest.mark.parametrize("name", [*SAMPLERS, *SCHEDULES])
def test_every_sampler_and_schedule_is_named(name: str) -> None:
    assert name in (DOCS / "parameters.md").read_text()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described(name: str) -> None:
    text = (DOCS / "settings.md").read_text()
    assert f"`{name}`" in text
    assert Settings.model_fields[name].description in text  # pyright: ignore[reportOperatorIssue]


@pytest.mark.parametrize("page", [*DOCS.rglob("*.md"), HOUSE / "README.md"], ids=lambda p: p.name)
def test_links_and_named_files_exist(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target
    for path in re.findall(r"`((?:tests|engine|ui|api|docs|benchmarks|commands)/[\w./-]+)`", text):
        assert (HOUSE / path).exists(), path
