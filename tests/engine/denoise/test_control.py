"""Controlled pictures among others: each is told what its own units say, and nobody pays for another's."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel

from engine.denoise import loop
from engine.denoise.control import Inputs, acting, added, units_of
from engine.errors import ModelDamaged, NotFound
from engine.library.load import LoadedModel
from engine.library.load_control import LoadedControl, load_control
from engine.library.scan import Library
from tests.engine.denoise.controlling import drawing, drawn, request, source, unit
from tests.engine.library import tiny, tiny_control

Controls = dict[str, LoadedControl]


def apart(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max())


def inputs(rows: list[loop.Row]) -> Inputs:
    return Inputs(
        torch.cat([row.latents for row in rows]),
        torch.tensor([row.time for row in rows], dtype=torch.float32),
        torch.stack([row.context for row in rows]),
    )


@torch.inference_mode()
def test_residuals_equal_diffusers_and_are_zero_for_rows_without(
    postcard: LoadedModel, controls: Controls, control_models: Path, given: Path
) -> None:
    controlled = drawing(postcard, request(unit(given, 1, weight=0.7)), controls, given)
    rows = [
        *loop.rows_of(0, drawing(postcard, request(seed=9), controls, given).denoising),
        *loop.rows_of(1, controlled.denoising),
    ]
    all_rows, own = inputs(rows), inputs(rows[2:])
    ours = added([row.units for row in rows], all_rows).down
    network: Any = ControlNetModel.from_pretrained(str(control_models / "controlnet" / "second"))
    pixels = torch.from_numpy(np.asarray(source(1), np.float32)[None] / 255).permute(0, 3, 1, 2)
    down, middle = network(
        own.latents,
        own.times,
        encoder_hidden_states=own.contexts,
        controlnet_cond=pixels.repeat(2, 1, 1, 1),
        conditioning_scale=0.7,
        return_dict=False,
    )
    for mine, its in zip(ours, [*down, middle], strict=True):
        assert apart(mine[2:], its) < 1e-5
        assert not mine[:2].any()
        assert float(its.abs().max()) > 1e-2


def test_controlled_and_uncontrolled_pictures_share_calls_and_draw_as_if_alone(
    postcard: LoadedModel, controls: Controls, given: Path
) -> None:
    soft, firm = {"mode": "My prompt is more important"}, {"mode": "ControlNet is more important"}
    wishes = [
        request(seed=1),
        request(unit(given, 0), seed=2),
        request(unit(given, 1, weight=0.5), unit(given, 0, end=0.5), seed=3, sampler="Euler a", guidance=1),
        request(unit(given, 0, weight=1.5, **firm), seed=4),
        request(unit(given, 0), unit(given, 0, weight=0.3, **soft), seed=5),
    ]
    alone = [drawn(drawing(postcard, wish, controls, given))[0] for wish in wishes]
    together = [drawing(postcard, wish, controls, given) for wish in wishes]
    assert loop.step([p.denoising for p in together]).calls == 2  # nine rows: a full bucket and one more
    for expected, latents in zip(alone, drawn(*together), strict=True):
        assert apart(expected, latents) < 1e-4
    assert all(apart(a, b) > 0.05 for a, b in pairwise(alone))


def test_beside_a_controlled_picture_an_uncontrolled_one_stays_as_it_is_beside_another(
    postcard: LoadedModel, controls: Controls, given: Path
) -> None:
    plain = drawing(postcard, request(), controls, given)
    beside = drawing(postcard, request(), controls, given)
    drawn(plain, drawing(postcard, request(seed=8), controls, given))
    drawn(beside, drawing(postcard, request(unit(given, 0), seed=8), controls, given))
    assert torch.equal(plain.denoising.latents, beside.denoising.latents)


def test_what_has_no_weight_is_not_there(postcard: LoadedModel, given: Path) -> None:
    assert units_of(request(unit(given, 0, weight=0)), {}, postcard, given) == ()


def test_the_modes_weigh_rows_and_outputs(postcard: LoadedModel, controls: Controls, given: Path) -> None:
    """As sd-webui-controlnet and Forge: 0.825 to the power of an output's distance from the last."""

    def of(mode: str) -> tuple[list[int], list[float]]:
        (found,) = units_of(request(unit(given, 0, mode=mode, weight=2)), controls, postcard, given)
        return [len(own) for own in acting([found], 0, 4, 2, 1)], found.scales(13)

    assert of("Balanced") == ([1, 1], [2] * 13)
    rows, scales = of("My prompt is more important")
    assert rows == [1, 1]
    assert (scales[-1], round(scales[0] / 2, 6)) == (2, round(0.825**12, 6))
    assert of("ControlNet is more important") == ([0, 1], scales)


def test_one_that_averages_over_the_picture_is_heard_beside_the_prompt_only(
    postcard: LoadedModel, given: Path, tmp_path: Path
) -> None:
    network = tiny_control.controlnet_for(postcard.unet)
    network.register_to_config(global_pool_conditions=True)
    tiny_control.write_folder(network, tmp_path / "controlnet" / "shuffle")
    found = load_control(
        Library(tmp_path, tmp_path / "cache").controls.find("shuffle"), torch.device("cpu"), torch.float32
    )
    made = drawing(postcard, request(unit(given, 0)), {"0" * 8: found}, given)
    assert [len(row.units) for row in loop.rows_of(0, made.denoising)] == [0, 1]
    assert drawn(made)[0].isfinite().all()


@pytest.mark.parametrize(
    ("start", "end", "heard"),
    [(0, 1, [0, 1, 2, 3]), (0.3, 1, [2, 3]), (0, 0.5, [0, 1]), (0.25, 0.75, [1, 2]), (1, 1, []), (0.5, 0.5, [])],
)
def test_start_and_end_count_as_in_diffusers(
    start: float, end: float, heard: list[int], postcard: LoadedModel, controls: Controls, given: Path
) -> None:
    made = drawing(postcard, request(unit(given, 0, start=start, end=end), steps=4), controls, given).denoising
    found = []
    while not made.finished:
        if loop.rows_of(0, made)[0].units:
            found.append(made.index)
        loop.step([made])
    assert found == heard


def test_a_picture_that_was_cleared_away_is_named(postcard: LoadedModel, controls: Controls, given: Path) -> None:
    with pytest.raises(NotFound) as caught:
        units_of(request(unit(given, 0) | {"picture": "9" * 64}), controls, postcard, given)
    assert caught.value.problem.field == "control.0.picture"


def test_one_for_another_network_is_refused(postcard: LoadedModel, given: Path, tmp_path: Path) -> None:
    network = tiny_control.controlnet_for(tiny.UNet2DConditionModel(**{**tiny.UNET, "attention_head_dim": 8}))
    tiny_control.write_folder(network, tmp_path / "controlnet" / "other")
    found = load_control(
        Library(tmp_path, tmp_path / "cache").controls.find("other"), torch.device("cpu"), torch.float32
    )
    with pytest.raises(ModelDamaged, match="another kind of model"):
        units_of(request(unit(given, 0)), {"0" * 8: found}, postcard, given)
