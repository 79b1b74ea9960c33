"""The measurement of a Postcard scores any checkpoint, beside chance and ceiling, and writes its table and grids."""

import json
from pathlib import Path

import pytest
from PIL import Image

from recipes.postcard.draw import draw
from recipes.postcard.evaluate import Asked, Found, all_right, autoencoded, evaluate, markdown, write
from recipes.postcard.judge import Judge, rendered
from recipes.postcard.prompts import furnished_scene, single_prompts
from tests.engine.training.making import postcard

Measured = tuple[Found, dict[str, list[Image.Image]]]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge.train_on(rendered(1), count=200, steps=40, seed=0)


@pytest.fixture(scope="module")
def measured(judge: Judge) -> Measured:
    return evaluate(postcard(), judge, Asked(n=5, steps=1))


def test_each_kind_of_prompts_is_scored_in_its_columns(measured: Measured) -> None:
    found, pictures = measured
    assert {kind: len(some) for kind, some in pictures.items()} == {"one": 5, "several": 2, "two": 2}
    assert set(found.scores["one"]) >= {"object", "colour", "place", "ground", "time"}
    assert set(found.scores["several"]) >= {"object", "colour", "count"}
    assert set(found.scores["two"]) >= {"pair", "order", "colours of two"}
    for kind, columns in found.scores.items():
        assert {score.n for score in columns.values()} == {len(pictures[kind])}
        assert found.all[kind] <= min(score.accuracy for score in columns.values())


def test_pictures_of_the_model_are_farther_from_drawings_than_other_drawings_are(measured: Measured) -> None:
    """One step draws fog."""
    found, _ = measured
    distances = {one.key: one.value for one in found.distances}
    assert distances["frechet"] > 2 * next(one.value for one in found.floor if one.key == "frechet")
    assert {one.extractor for one in [*found.distances, *found.floor]} == {"random convolutions"}


def test_all_right_means_every_answer(judge: Judge) -> None:
    prompts = single_prompts(12)
    pictures = [draw(furnished_scene(prompt), prompt.seed).picture() for prompt in prompts]
    scores = judge.score(pictures, [prompt.scene for prompt in prompts])
    assert all_right(judge, pictures, prompts) <= min(score.accuracy for score in scores.values())


def test_the_autoencoder_is_measured_in_decibel() -> None:
    pictures = [draw(furnished_scene(prompt), prompt.seed).picture(128) for prompt in single_prompts(3)]
    mean, error = autoencoded(postcard(), pictures)
    assert 15 < mean < 60
    assert 0 < error < 10


def test_it_is_written_as_table_numbers_and_grids(measured: Measured, tmp_path: Path) -> None:
    found, pictures = measured
    write(tmp_path, found, pictures)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "postcard-one.webp", "postcard-several.webp", "postcard-two.webp", "postcard.json", "postcard.md",
    ]  # fmt: skip
    text = (tmp_path / "postcard.md").read_text()
    assert text == markdown(found)
    for part in ("| one | object |", "| two | colours of two |", "PSNR", "s a picture", "[3a1aaebde4]"):
        assert part in text
    assert "| one | count |" not in text  # always one: says nothing
    kept = json.loads((tmp_path / "postcard.json").read_text())
    assert kept["scores"]["one"]["object"]["n"] == 5
    assert kept["distances"][0]["hash"] == "3a1aaebde4"
