"""A resolved request leaves nothing to chance and resolves to itself."""

import shutil
from pathlib import Path

import pytest

from engine.errors import BadRequest
from engine.library.scan import Library
from engine.request.parts import Tuning
from engine.request.read import read
from engine.resolve import check_limits, resolve

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(MODELS, tmp_path_factory.mktemp("cache"))


def test_seed_model_and_size_are_settled(library: Library) -> None:
    asked = resolve(read({"prompt": " a house \r\n"}), library, lambda: 42)
    assert asked.sampling.seed == 42
    assert asked.model.checkpoint == "postcard"
    assert len(asked.model.checkpoint_hash) == 10
    assert asked.size == (128, 128)
    assert asked.words.prompt == "a house"


def test_a_resolved_request_resolves_to_itself(library: Library) -> None:
    once = resolve(read({"prompt": "x"}), library)
    assert resolve(once, library) == once


def test_a_renamed_model_is_found_by_its_hash(library: Library) -> None:
    digest = library.hash_of(library.find("postcard"))
    asked = resolve(read({"checkpoint": "its old name", "checkpoint_hash": digest}), library)
    assert asked.model.checkpoint == "postcard"


def test_a_file_called_like_a_hash_is_not_taken_for_the_model_of_that_hash(tmp_path: Path) -> None:
    """Both are the built-in model; what counts is that the name is not believed."""
    shutil.copytree(MODELS / "checkpoints" / "postcard", tmp_path / "checkpoints" / "0123456789")
    with pytest.raises(BadRequest, match="is not here"):
        resolve(read({"checkpoint": "gone", "checkpoint_hash": "0123456789"}), Library(tmp_path, tmp_path / "cache"))


def test_a_model_that_is_not_here_is_refused(library: Library) -> None:
    with pytest.raises(BadRequest, match="dreamy") as caught:
        resolve(read({"checkpoint": "dreamy"}), library)
    assert caught.value.problem.field == "checkpoint"
    with pytest.raises(BadRequest, match=r"postcard \[0123456789\] is not here"):
        resolve(read({"checkpoint": "postcard", "checkpoint_hash": "0123456789"}), library)


def test_a_sampler_says_how_many_steps_it_can(library: Library) -> None:
    with pytest.raises(BadRequest, match="at most 50 steps") as caught:
        resolve(read({"sampler": "LCM", "steps": 51}), library)
    assert caught.value.problem.field == "steps"


def test_a_variation_seed_is_drawn_only_where_it_is_mixed_in(library: Library) -> None:
    mixed = resolve(read({"seed": 3, "variation_strength": 0.1}), library, lambda: 42)
    assert (mixed.sampling.seed, mixed.noise.variation_seed) == (3, 42)
    assert resolve(mixed, library, lambda: 43) == mixed
    assert resolve(read({"seed": 3}), library, lambda: 42).noise.variation_seed == -1


def test_a_jobs_pictures_count_up_the_seed_or_where_there_is_one_the_variations_seed(library: Library) -> None:
    plain = resolve(read({"seed": 2**64 - 1, "count": 3}), library)
    assert [plain.picture(i).sampling.seed for i in range(3)] == [2**64 - 1, 0, 1]
    varied = resolve(read({"seed": 5, "variation_seed": 2**64 - 1, "variation_strength": 0.5, "count": 3}), library)
    assert [varied.picture(i).sampling.seed for i in range(3)] == [5, 5, 5]
    assert [varied.picture(i).noise.variation_seed for i in range(3)] == [2**64 - 1, 0, 1]


def test_limits_that_no_schedule_can_walk_are_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        check_limits(Tuning(sigma_min=5, sigma_max=3))
    assert refused.value.problem.field == "sigma_max"
    check_limits(Tuning(sigma_min=5))
    check_limits(Tuning(sigma_max=3))
