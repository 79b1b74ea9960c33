"""What our own trainer writes and what peft computes: a network that wears the file answers as the trained one does."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import ModelDamaged
from engine.library.load import LoadedModel
from engine.library.lora.deltas import Adapter
from engine.library.lora.wear import tailor
from tests.engine.library.lora.files import METHODS, answers, trained, written
from tests.engine.training.making import postcard


@pytest.fixture(scope="module")
def plain() -> LoadedModel:
    return postcard()


def worn(model: LoadedModel, *strengths: tuple[Path, float]) -> tuple[torch.Tensor, torch.Tensor]:
    adapters = [(Adapter(path), strength) for path, strength in strengths]
    unet = tailor(model.unet, "unet", adapters, model.name)
    text = tailor(model.text_encoder, "text_encoder", adapters, model.name)
    with unet.worn(), text.worn():
        return answers(model)


@pytest.mark.parametrize("method", METHODS)
def test_a_worn_file_of_either_layout_answers_as_peft_does(method: str, plain: LoadedModel, tmp_path: Path) -> None:
    run = trained(tmp_path, METHODS[method])
    learner: Any = run.learner
    learner.model.unet.eval()
    wanted = answers(learner.model)
    before = answers(plain)
    paths = written(run, tmp_path / "made", "ring")
    assert len(paths) == 2
    for path in paths:
        found = worn(plain, (path, 1.0))
        for mine, theirs, own in zip(found, wanted, before, strict=True):
            assert float((theirs - own).abs().max()) > 1e-2  # it does something
            assert float((mine - theirs).abs().max()) < 1e-5 * max(1, float(theirs.abs().max()))
    for after, own in zip(answers(plain), before, strict=True):
        assert torch.equal(after, own)


def save(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> Path:
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata)
    return path


TO_Q = "down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q"


def factors(rank: int = 2, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    dice = torch.Generator().manual_seed(seed)
    return torch.randn(128, rank, generator=dice), torch.randn(rank, 128, generator=dice)


def test_layouts_that_others_write_mean_the_same(plain: LoadedModel, tmp_path: Path) -> None:
    up, down = factors()
    module = "down_blocks.1.attentions.0.transformer_blocks.0.attn1"
    told = {"lora_adapter_metadata": json.dumps({"unet.r": 2, "unet.lora_alpha": 1.0})}
    layouts: dict[str, tuple[dict[str, torch.Tensor], dict[str, str] | None]] = {
        "kohya": (
            {
                f"lora_unet_{TO_Q}.lora_up.weight": up,
                f"lora_unet_{TO_Q}.lora_down.weight": down,
                f"lora_unet_{TO_Q}.alpha": torch.tensor(1.0),
            },
            None,
        ),
        "original names": (
            {
                "lora_unet_input_blocks_3_1_transformer_blocks_0_attn1_to_q.lora_up.weight": up,
                "lora_unet_input_blocks_3_1_transformer_blocks_0_attn1_to_q.lora_down.weight": down,
                "lora_unet_input_blocks_3_1_transformer_blocks_0_attn1_to_q.alpha": torch.tensor(1.0),
            },
            None,
        ),
        "peft in diffusers": (
            {f"unet.{module}.to_q.lora_B.weight": up, f"unet.{module}.to_q.lora_A.weight": down},
            told,
        ),
        "diffusers of 2023": (
            {
                f"unet.{module}.processor.to_q_lora.up.weight": up / 2,
                f"unet.{module}.processor.to_q_lora.down.weight": down,
            },
            None,
        ),
        "convolution's core": (
            {
                f"lora_unet_{TO_Q}.lora_up.weight": up,
                f"lora_unet_{TO_Q}.lora_mid.weight": torch.eye(2)[:, :, None, None],
                f"lora_unet_{TO_Q}.lora_down.weight": down,
                f"lora_unet_{TO_Q}.alpha": torch.tensor(1.0),
            },
            None,
        ),
    }
    layer: Any = plain.unet.get_submodule(f"{module}.to_q")
    wanted = layer.weight + up @ down / 2
    for name, (tensors, metadata) in layouts.items():
        path = save(tmp_path / f"{name}.safetensors", tensors, metadata)
        dress = tailor(plain.unet, "unet", [(Adapter(path), 1.0)], "postcard")
        with dress.worn():
            assert torch.allclose(layer.weight, wanted, atol=1e-6), name
    own: torch.Tensor = layer.weight
    with tailor(plain.unet, "unet", [(Adapter(tmp_path / "kohya.safetensors"), 0.5)], "postcard").worn():
        assert torch.allclose(layer.weight, (wanted + own) / 2, atol=1e-6)


def test_one_made_for_another_architecture_is_named_with_its_layer(plain: LoadedModel, tmp_path: Path) -> None:
    up, down = factors()
    wide = {f"lora_unet_{TO_Q}.lora_up.weight": torch.ones(320, 2), f"lora_unet_{TO_Q}.lora_down.weight": down}
    other = {"lora_unet_down_blocks_7_x.lora_up.weight": up, "lora_unet_down_blocks_7_x.lora_down.weight": down}
    for name, tensors in {"wide": wide, "other": other}.items():
        path = save(tmp_path / f"{name}.safetensors", tensors)
        with pytest.raises(ModelDamaged, match=f"{name}.safetensors does not fit the model postcard"):
            tailor(plain.unet, "unet", [(Adapter(path), 1.0)], "postcard")


def test_what_is_not_finite_is_refused(plain: LoadedModel, tmp_path: Path) -> None:
    up, down = factors()
    bad = {f"lora_unet_{TO_Q}.lora_up.weight": up * float("nan"), f"lora_unet_{TO_Q}.lora_down.weight": down}
    with pytest.raises(ModelDamaged, match="NaN"):
        tailor(plain.unet, "unet", [(Adapter(save(tmp_path / "bad.safetensors", bad)), 1.0)], "postcard")


def test_a_network_is_itself_again_also_when_drawing_fails(plain: LoadedModel, tmp_path: Path) -> None:
    up, down = factors()
    good = {f"lora_unet_{TO_Q}.lora_up.weight": up, f"lora_unet_{TO_Q}.lora_down.weight": down}
    before = {name: weight.clone() for name, weight in plain.unet.state_dict().items()}
    dress = tailor(plain.unet, "unet", [(Adapter(save(tmp_path / "good.safetensors", good)), 1.0)], "postcard")

    def fail() -> None:
        with dress.worn():
            assert any(not torch.equal(weight, before[name]) for name, weight in plain.unet.state_dict().items())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert all(torch.equal(weight, before[name]) for name, weight in plain.unet.state_dict().items())
