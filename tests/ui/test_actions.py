"""What the page's events do, against a real studio."""

import io
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from engine.errors import Problem
from engine.library.model import ModelFile
from tests.ui.conftest import VISITOR
from ui.actions import Actions, choices, described, first_form
from ui.form import FORM, shown

NOBODY: Any = gr.Request(request=None)


def model(name: str, title: str = "", problem: Problem | None = None, size: int = 512) -> ModelFile:
    return ModelFile(name, Path("secret") / name, "file", "checkpoint", "sd1", 1, problem, size, size, title)


BROKEN = model("broken", problem=Problem(code="model.empty", message="It is empty."))


def values_of(actions: Actions, updates: list[Any]) -> dict[str, Any]:
    return {name: u["value"] for name, u in zip(actions.form, updates, strict=False) if "value" in u}


def test_a_first_visit_finds_a_form_that_draws_a_picture(actions: Actions):
    values = values_of(actions, actions.restore(NOBODY))
    first = {name: shown(name, known.default) for name, known in FORM.items()}
    own = {"prompt", "checkpoint", "checkpoint_hash", "width", "height"}  # the model's
    assert {name for name, value in values.items() if value != first[name]} <= own
    assert values["prompt"]
    assert (values["checkpoint"], values["width"], values["height"]) == ("postcard", 128, 128)
    answer = actions.submit(NOBODY, **{name: values.get(name) for name in actions.form})
    assert len(answer["jobs"]) == 1


def test_a_form_is_found_again(actions: Actions):
    values = values_of(actions, actions.restore(NOBODY))
    actions.studio.forms.change(VISITOR, {**values, "prompt": "a blue boat", "seed": "7", "batches": 3})
    again = values_of(actions, actions.restore(NOBODY))
    assert (again["prompt"], again["seed"], again["batches"]) == ("a blue boat", "7", 3)


def seeds(actions: Actions, answer: dict[str, Any]) -> list[tuple[int, int]]:
    jobs = [actions.studio.job(job, VISITOR) for job in answer["jobs"]]
    return [(job.drawn.sampling.seed, job.drawn.noise.variation_seed) for job in jobs]


def test_batches_are_jobs_that_carry_the_seed_on(actions: Actions):
    fixed = actions.submit(NOBODY, prompt="a boat", seed="7", count=3, batches=3)
    assert seeds(actions, fixed) == [(7, -1), (10, -1), (13, -1)]
    drawn = seeds(actions, actions.submit(NOBODY, prompt="a boat", seed="-1", count=2, batches=2))
    assert drawn[1][0] == drawn[0][0] + 2
    last = 2**64 - 1
    assert seeds(actions, actions.submit(NOBODY, prompt="a boat", seed=str(last), batches=2)) == [(last, -1), (0, -1)]


def test_in_a_variation_the_variations_seed_is_carried_on(actions: Actions):
    answer = actions.submit(NOBODY, prompt="a boat", seed="7", variation_strength=0.2, variation_seed="5", batches=2)
    assert seeds(actions, answer) == [(7, 5), (7, 6)]


def test_several_starting_pictures_are_jobs_with_the_same_settings(actions: Actions, pictures: list[str]):
    begin = {"start": "picture", "strength": 0.5, "picture": pictures[0], "more": pictures[1:]}
    answer = actions.submit(NOBODY, begin, prompt="a boat", seed="7", batches=2)
    jobs = [actions.studio.job(job, VISITOR).drawn for job in answer["jobs"]]
    assert [(job.start.picture, job.sampling.seed) for job in jobs] == [  # pyright: ignore[reportAttributeAccessIssue]
        (picture, seed) for picture in pictures for seed in (7, 8)
    ]
    gone = actions.submit(NOBODY, {**begin, "more": ["0" * 64, pictures[1]]}, prompt="a boat")
    assert (len(gone["jobs"]), gone["problem"]["code"]) == (1, "picture.missing")
    many = actions.submit(NOBODY, {**begin, "more": pictures[:1] * 200}, prompt="a boat")
    assert (many["jobs"], many["problem"]["code"]) == ([], "start.many")


@pytest.fixture
def pictures(actions: Actions) -> list[str]:
    made = []
    for level in (10, 120, 240):
        file = io.BytesIO()
        Image.new("RGB", (64, 64), (level, 90, 60)).save(file, "PNG")
        made.append(actions.studio.keep_picture(file.getvalue()))
    return made


@pytest.mark.parametrize("batches", [None, "", 0, "many"])
def test_a_number_of_batches_that_is_none_is_one(actions: Actions, batches: Any):
    assert len(actions.submit(NOBODY, prompt="a boat", batches=batches)["jobs"]) == 1


def test_a_stale_form_opens_all_the_same(actions: Actions):
    stale = {"checkpoint": "gone", "sampler": "Magic", "steps": -4, "nonsense": [1], "prompt": "kept"}
    actions.studio.forms.put(VISITOR, stale)
    values = values_of(actions, actions.restore(NOBODY))
    assert (values["checkpoint"], values["prompt"]) == ("postcard", "kept")
    assert "sampler" not in values
    assert "steps" not in values


def test_a_bad_value_is_answered_by_a_problem_that_names_the_field(actions: Actions):
    answer = actions.submit(NOBODY, prompt="a boat", seed=str(2**64))
    assert (answer["problem"]["code"], answer["problem"]["field"]) == ("field.range", "seed")


def test_an_emptied_number_counts_as_its_default(actions: Actions):
    assert actions.submit(NOBODY, prompt="a boat", steps=None, seed="", width=None, height=None)["jobs"]


def test_two_equal_answers_differ_so_that_the_page_sees_both(actions: Actions):
    bad = {"prompt": "a boat", "seed": "x"}
    assert actions.submit(NOBODY, **bad) != actions.submit(NOBODY, **bad)


def test_a_pictures_settings_fill_the_form_and_the_rest_is_told(actions: Actions):
    values = {
        "prompt": "a boat",
        "steps": 9,
        "checkpoint": "not here",
        "checkpoint_hash": "",
        "start": "noise",
        "strength": 0.5,
    }
    answer, *updates = actions.fill({"values": values, "leftovers": {"Eta": "0.3"}}, NOBODY)
    assert values_of(actions, updates) == {"prompt": "a boat", "steps": 9}
    assert answer["left"] == {"Eta": "0.3", "checkpoint": "not here", "strength": "0.5"}


def test_a_pictures_model_is_known_by_its_hash_whatever_it_is_called_there(actions: Actions):
    library = actions.studio.library
    digest = library.hash_of(library.find("postcard"))
    values = {"checkpoint": "another name", "checkpoint_hash": digest}
    answer, *updates = actions.fill({"values": values}, NOBODY)
    assert values_of(actions, updates)["checkpoint"] == "postcard"
    assert answer["left"] == {}


def test_a_comparison_tells_what_would_change_and_changes_nothing(actions: Actions):
    actions.studio.forms.put(VISITOR, {"prompt": "kept"})
    values = {"prompt": "a boat", "steps": 20, "guidance": 7, "eta": None, "seed": str(2**64 - 1), "width": 9999}
    current = dict.fromkeys(actions.form) | {"prompt": "", "steps": 20, "guidance": 7.0, "eta": "", "seed": "-1"}
    answer, *updates = actions.fill({"compare": True, "values": values, "leftovers": {"VAE": "sea"}}, NOBODY, **current)
    rows = {row["name"]: (row["old"], row["new"], row["same"]) for row in answer["changes"]}
    assert rows == {
        "prompt": ("", "a boat", False),
        "steps": (20, 20, True),
        "guidance": (7.0, 7, True),
        "seed": ("-1", str(2**64 - 1), False),
        "eta": ("", None, True),
    }
    assert answer["left"] == {"VAE": "sea", "width": "9999"}
    assert "filled" not in answer
    assert len(updates) == len(actions.form) + 1
    assert values_of(actions, updates) == {}
    assert actions.studio.forms.get(VISITOR) == {"prompt": "kept"}


@pytest.mark.parametrize("message", [None, {}, {"values": None}, {"values": {}, "leftovers": None}, "text", 7])
def test_nonsense_from_the_browser_fills_nothing(actions: Actions, message: Any):
    answer, *_ = actions.fill(message, NOBODY)
    assert answer["filled"] == []


def test_another_model_brings_its_own_size_unless_the_visitor_set_one(actions: Actions):
    assert actions.choose_model("postcard", 128, 128)[:2] == [128, 128]
    assert actions.choose_model("postcard", None, None)[:2] == [128, 128]
    assert all(
        update.get("__type__") == "update" and "value" not in update
        for update in actions.choose_model("postcard", 320, 96)[:2]
    )


def test_damaged_models_cannot_be_chosen_but_are_told_of():
    models = [model("a", "Same"), model("b", "Same"), BROKEN]
    assert choices(models) == [("Same (a)", "a"), ("Same (b)", "b")]
    told = described(models, "a")
    assert [row["name"] for row in told["models"]] == ["a", "b", "broken"]
    assert told["models"][2]["problem"]["code"] == "model.empty"


def test_no_path_reaches_the_browser():
    assert "secret" not in str(described([model("a"), BROKEN], "a"))


def test_without_a_model_the_form_still_opens():
    assert first_form([BROKEN])["prompt"] == ""


def test_a_look_has_few_steps_one_picture_and_is_not_kept(actions: Actions):
    live = {"begin": {"start": "noise", "seed": "77"}, "turn": 3}
    answer = actions.look(NOBODY, live, prompt="a boat", steps=30, count=4, batches=5, trace=True, seed="-1")
    assert answer.keys() == {"answered", "job"}
    assert answer["answered"] == 3
    job = actions.studio.job(answer["job"], VISITOR)
    request = job.drawn
    assert job.live
    assert (request.sampling.steps, request.sampling.seed, request.output.count) == (8, 77, 1)
    assert (request.output.trace, request.output.format) == (False, "JPEG")
    again = actions.look(NOBODY, {**live, "turn": 4}, prompt="a boat", steps=5)
    assert actions.studio.job(again["job"], VISITOR).drawn.sampling.steps == 5
    assert [one["id"] for one in actions.studio.snapshot(VISITOR)["jobs"]][:1] == [again["job"]]


def test_a_look_that_cannot_be_drawn_is_answered_by_a_problem(actions: Actions):
    answer = actions.look(NOBODY, {"begin": {"start": "picture"}, "turn": 1}, prompt="a boat")
    assert (answer["answered"], answer["problem"]["code"]) == (1, "start.picture")
    for message in (
        None,
        {},
        "text",
        {"begin": {"control": "lines"}},
        {"begin": {"start": "noise", "control": {"x": 1}}},
    ):
        assert actions.look(NOBODY, message, prompt="a boat", steps="many").keys() & {"job", "problem"}
