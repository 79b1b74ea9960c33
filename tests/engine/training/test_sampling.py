"""Samples of a run show what it has learned so far: its own word, its own kind of answer."""

from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from engine.training import sampling
from engine.training.trainer import Trainer
from tests.engine.training import making


def drawn(run: Trainer) -> numpy.ndarray:
    learner: Any = run.learner
    (picture,) = sampling.drawn(learner.model, run.request, run)
    return numpy.asarray(picture)


def trainer(tmp_path: Path, prompt: str, **values: Any) -> Trainer:
    found = making.items(making.pictures(tmp_path / "pictures", 2))
    return making.trainer(making.asked(tmp_path / "pictures", prompts=[prompt], steps=2, **values), found)


def test_a_word_that_is_learned_is_drawn_with_all_its_vectors(tmp_path: Path) -> None:
    run = trainer(tmp_path, "a photo of <concept>", method="textual_inversion")
    learner: Any = run.learner
    before = drawn(run)
    for vector in (0, 1):
        with torch.no_grad():
            learner.vectors[vector] *= -1  # a constant added would be taken away again by the layer norms
        after = drawn(run)
        assert (after != before).any(), vector
        before = after


def test_samples_of_a_controlnet_follow_a_map_and_show_what_it_has_learned(tmp_path: Path) -> None:
    run = trainer(tmp_path, "a red house", method="controlnet", precision="float32")
    learner: Any = run.learner
    maps = [torch.zeros(3, 128, 128), torch.ones(3, 128, 128)]
    free = drawn(run)
    (silent,) = sampling.drawn(learner.model, run.request, run, maps[:1])
    assert abs(numpy.asarray(silent).astype(int) - free).max() <= 1  # at the beginning it says nothing
    network = learner.controlnet
    last = network.controlnet_cond_embedding.conv_out
    for layer in (last, *network.controlnet_down_blocks, network.controlnet_mid_block):
        torch.nn.init.normal_(layer.weight, std=0.5)
    first, second = (numpy.asarray(sampling.drawn(learner.model, run.request, run, [map_])[0]) for map_ in maps)
    assert (first != free).any()
    assert (first != second).any()
    assert all(weight.requires_grad for weight in network.parameters())


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_samples_are_drawn_by_what_the_network_learns_to_answer(prediction: str, tmp_path: Path) -> None:
    run = trainer(tmp_path, "a red house", prediction=prediction)
    model = making.postcard()
    model.scheduler_config["prediction_type"] = prediction
    (wanted,) = sampling.draw(model, run.request)
    assert (drawn(run) == numpy.asarray(wanted)).all()


def test_zero_terminal_snr_is_drawn_with_as_well(tmp_path: Path) -> None:
    run = trainer(tmp_path, "a red house", zero_terminal_snr=True)
    learner: Any = run.learner
    assert learner.model.scheduler_config["rescale_betas_zero_snr"] is True
    assert drawn(run).std() > 0


def test_a_row_of_samples_is_there_whole_or_counts_as_missing(tmp_path: Path) -> None:
    run = trainer(tmp_path, "a red house")
    learner: Any = run.learner
    pictures = sampling.draw(learner.model, run.request) * 2
    assert not sampling.complete(tmp_path / "000004", 2)
    sampling.write(pictures[:1], tmp_path / "000004")
    assert not sampling.complete(tmp_path / "000004", 2)
    sampling.write(pictures, tmp_path / "000004")
    assert sampling.complete(tmp_path / "000004", 2)
