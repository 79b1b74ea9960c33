"""What each method leaves: files that others read, and that make the network answer as it did when it was trained."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from diffusers import ControlNetModel, StableDiffusionPipeline
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from engine.library.load import LoadedModel, load
from engine.library.load_control import load_control, refuse_misfit
from engine.library.scan import Library
from engine.training.export import about as abouts
from engine.training.export.lora import merged
from engine.training.trainer import Trainer
from tests.engine.library.tiny import write_folder, write_sd1
from tests.engine.training import making

CPU = torch.device("cpu")


def trained(tmp_path: Path, **values: Any) -> Trainer:
    """Two steps with a rate that leaves a mark on every weight."""
    found = making.items(making.pictures(tmp_path / "pictures", 2))
    usual = {"length": 2, "half": False, "name": "rings", "learning_rate": 0.01}
    run = making.trainer(making.asked(tmp_path / "pictures", **{**usual, **values}), found)
    run.advance()
    run.advance()
    run.learner.mode(False)
    return run


def product(run: Trainer, tmp_path: Path) -> list[Path]:
    told = abouts.about(run.request, model_of(run), run.feed.course.items, 2, run.total)
    (tmp_path / "products").mkdir()
    return run.learner.product(tmp_path / "products", run.request.product.name, told)


def model_of(run: Trainer) -> LoadedModel:
    learner: Any = run.learner
    return learner.model


@torch.no_grad()
def answer(unet: Any) -> torch.Tensor:
    lots = torch.Generator().manual_seed(3)
    width = unet.config.cross_attention_dim
    latents, context = torch.randn(1, 4, 8, 8, generator=lots), torch.randn(1, 77, width, generator=lots)
    return unet(latents, torch.tensor([500]), encoder_hidden_states=context, return_dict=False)[0]


def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], LoadedModel]:
    """Stable Diffusion 1 in little, in place of Postcard: with names and shapes as others know them."""
    write_sd1(tmp_path / "models" / "checkpoints" / "tiny.safetensors")
    library = Library(tmp_path / "models", tmp_path / "seen")

    def made(dtype: torch.dtype = torch.float32) -> LoadedModel:
        return load(library.find("tiny"), CPU, dtype, "tiny")

    monkeypatch.setattr(making, "postcard", made)
    return made


ATTENTION: dict[str, Any] = {"lora.targets": "attention"}
EVERYTHING: dict[str, Any] = {"lora.targets": "all linear and convolutions", "lora.text_encoder": True}


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (ATTENTION, "kohya"),
        (ATTENTION, "diffusers"),
        (EVERYTHING, "kohya"),
        (EVERYTHING, "diffusers"),
        ({"lora.algorithm": "DoRA"}, "diffusers"),  # of kohya's layout diffusers leaves DoRA's scale out
    ],
)
def test_diffusers_own_loader_reads_lora_files_at_their_strength(
    values: dict[str, Any], form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """alpha is twelve and the rank four: a file that hides its alpha would be read at a third."""
    tiny(tmp_path, monkeypatch)
    run = trained(tmp_path, formats=[form], **{"lora.rank": 4, "lora.alpha": 12.0, **values})
    (path,) = product(run, tmp_path)
    write_folder(tmp_path / "folder")
    pipeline: Any = StableDiffusionPipeline.from_pretrained(str(tmp_path / "folder"))
    before = answer(pipeline.unet)
    pipeline.load_lora_weights(str(path.parent), weight_name=path.name)
    wanted = answer(model_of(run).unet)
    assert float((wanted - before).abs().max()) > 1e-3
    torch.testing.assert_close(answer(pipeline.unet), wanted, atol=1e-5, rtol=0)
    if "lora.text_encoder" in values:
        ids = torch.arange(77)[None]
        with torch.no_grad():
            mine, its = (one(ids)[0] for one in (model_of(run).text_encoder, pipeline.text_encoder))
        torch.testing.assert_close(its, mine, atol=1e-5, rtol=0)


@pytest.mark.parametrize("algorithm", ["LoRA", "DoRA", "LoHa", "LoKr"])
def test_merged_weights_answer_as_the_small_matrices_did(algorithm: str, tmp_path: Path) -> None:
    run = trained(tmp_path, formats=["merged"], **{"lora.algorithm": algorithm, "lora.rank": 4, "lora.alpha": 12.0})
    model = model_of(run)
    plain = copy.deepcopy({key: value for key, value in model.unet.state_dict().items()})
    wanted = answer(model.unet)
    (folder,) = product(run, tmp_path)
    assert all(torch.equal(value, plain[key]) for key, value in model.unet.state_dict().items())
    models = tmp_path / "house" / "checkpoints"
    models.mkdir(parents=True)
    folder.rename(models / "rings")
    library = Library(tmp_path / "house", tmp_path / "seen")
    read = load(library.find("rings"), CPU, torch.float32, "rings")
    torch.testing.assert_close(answer(read.unet), wanted, atol=1e-5, rtol=0)
    with merged(model):
        torch.testing.assert_close(answer(model.unet), wanted, atol=1e-5, rtol=0)
    assert torch.equal(answer(model.unet), wanted)


@pytest.mark.parametrize("algorithm", ["LoRA", "DoRA", "LoKr"])
def test_a_frozen_base_in_half_precision_is_merged_in_full(
    algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on CUDA: bfloat16 has three digits, which is less than what most small matrices add."""
    found = making.items(making.pictures(tmp_path / "pictures", 2))
    method = {
        "lora.algorithm": algorithm,
        "lora.text_encoder": True,
        "formats": ["merged"],
        "half": False,
        "name": "rings",
    }
    asked, real = making.asked(tmp_path / "pictures", **method), making.postcard
    full = making.trainer(asked, found)
    lots = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in full.weights.values():
            weight += 0.01 * torch.randn(weight.shape, generator=lots)
    monkeypatch.setattr(making, "postcard", lambda: real(torch.bfloat16))
    half = making.trainer(asked, found)
    half.restore(full.state())
    assert model_of(half).unet.dtype == torch.bfloat16
    (folder,) = product(half, tmp_path)
    (tmp_path / "house" / "checkpoints").mkdir(parents=True)
    folder.rename(tmp_path / "house" / "checkpoints" / "rings")
    read = load(Library(tmp_path / "house", tmp_path / "seen").find("rings"), CPU, torch.float32, "rings")
    untouched = real()
    wanted = answer(model_of(full).unet)
    assert float((wanted - answer(untouched.unet)).abs().max()) > 1e-3
    torch.testing.assert_close(answer(read.unet), wanted, atol=1e-5, rtol=0)
    ids = torch.arange(38)[None]
    with torch.no_grad():
        mine, its = (one(ids)[0] for one in (model_of(full).text_encoder, read.text_encoder))
    torch.testing.assert_close(its, mine, atol=1e-5, rtol=0)
    own = untouched.vae.state_dict()
    assert all(torch.equal(value, own[key]) for key, value in read.vae.state_dict().items())


@pytest.mark.parametrize("algorithm", ["LoHa", "LoKr"])
def test_lycoris_files_hold_what_the_layers_add(algorithm: str, tmp_path: Path) -> None:
    """Multiplied out by the formulas of LyCORIS (arXiv 2309.14859), from the file alone."""
    run = trained(tmp_path, **{"lora.algorithm": algorithm, "lora.rank": 4, "lora.alpha": 12.0})
    (path,) = product(run, tmp_path)
    found = load_file(path)
    unet = model_of(run).unet
    layers = {name: layer for name, layer in unet.named_modules() if hasattr(layer, "get_delta_weight")}
    assert layers
    for name, layer in layers.items():
        key = "lora_unet_" + name.replace(".", "_")
        part = {one.removeprefix(f"{key}."): t for one, t in found.items() if one.startswith(f"{key}.")}
        alpha = float(part["alpha"])
        if algorithm == "LoHa":
            whole = (part["hada_w1_a"] @ part["hada_w1_b"]) * (part["hada_w2_a"] @ part["hada_w2_b"]) * alpha / 4
        else:
            first = part["lokr_w1"] if "lokr_w1" in part else part["lokr_w1_a"] @ part["lokr_w1_b"]
            second = part["lokr_w2"] if "lokr_w2" in part else part["lokr_w2_a"] @ part["lokr_w2_b"]
            scale = 1.0 if "lokr_w1" in part and "lokr_w2" in part else alpha / 4
            whole = torch.kron(first, second) * scale
        wanted: Any = layer
        torch.testing.assert_close(whole, wanted.get_delta_weight("default"), atol=1e-6, rtol=1e-4)


def test_textual_inversion_is_a_table_of_vectors(tmp_path: Path) -> None:
    run = trained(tmp_path, method="textual_inversion", **{"textual_inversion.vectors": 3})
    (path,) = product(run, tmp_path)
    found = load_file(path)
    assert list(found) == ["emb_params"]
    assert found["emb_params"].shape == (3, model_of(run).text_encoder.config.hidden_size)
    learned: Any = run.learner
    assert torch.equal(found["emb_params"], learned.vectors.detach())


def test_a_controlnet_folder_is_what_diffusers_saves(tmp_path: Path) -> None:
    run = trained(tmp_path, method="controlnet")
    (folder,) = product(run, tmp_path)
    read = ControlNetModel.from_pretrained(str(folder))
    learned: Any = run.learner
    weights = learned.controlnet.state_dict()
    assert all(torch.equal(value, weights[key]) for key, value in read.state_dict().items())


def test_a_trained_controlnet_is_found_and_answers_as_it_learned_to(tmp_path: Path) -> None:
    """From the product to the loop: the folder under models/controlnet, its map embedded once, its answers the same."""
    run = trained(tmp_path, method="controlnet")
    (folder,) = product(run, tmp_path)
    (tmp_path / "house").mkdir()
    folder.parent.rename(tmp_path / "house" / "controlnet")
    found = load_control(Library(tmp_path / "house", tmp_path / "seen").controls.find("rings"), CPU, torch.float32)
    model, learned = model_of(run), cast(Any, run.learner).controlnet
    refuse_misfit(found, model)
    lots = torch.Generator().manual_seed(3)
    noisy, map_ = torch.randn(1, 4, 8, 8, generator=lots), torch.rand(1, 3, 64, 64, generator=lots)
    words = torch.randn(1, 77, model.unet.config["cross_attention_dim"], generator=lots)
    network: Any = found.network
    with torch.inference_mode():
        (ours, middle), (its, its_middle) = (
            one(noisy, torch.tensor([500]), words, controlnet_cond=seen, return_dict=False)
            for one, seen in ((network, found.embed(map_)), (learned, map_))
        )
    for mine, wanted in zip([*ours, middle], [*its, its_middle], strict=True):
        torch.testing.assert_close(mine, wanted, atol=1e-5, rtol=1e-5)  # a few levels are near 100
    assert float(its_middle.abs().max()) > 0


@pytest.mark.parametrize("method", ["full", "vae"])
def test_a_whole_model_loads_in_the_studio_and_in_diffusers(method: str, tmp_path: Path) -> None:
    run = trained(tmp_path, method=method, learning_rate=1e-4)
    (folder,) = product(run, tmp_path)
    models = tmp_path / "house" / "checkpoints"
    models.mkdir(parents=True)
    folder.rename(models / "rings")
    read = load(Library(tmp_path / "house", tmp_path / "seen").find("rings"), CPU, torch.float32, "rings")
    model = model_of(run)
    for mine, its in ((model.unet, read.unet), (model.vae, read.vae), (model.text_encoder, read.text_encoder)):
        own = mine.state_dict()
        assert all(torch.equal(value, own[key]) for key, value in its.state_dict().items())
    assert read.scheduler_config["prediction_type"] == model.scheduler_config["prediction_type"]


def test_a_file_tells_about_itself_as_kohya_does(tmp_path: Path) -> None:
    run = trained(tmp_path, **{"lora.rank": 4, "lora.alpha": 12.0})
    (path,) = product(run, tmp_path)
    with safe_open(path, "pt") as file:
        told = file.metadata()
    assert (told["ss_network_dim"], told["ss_network_alpha"]) == ("4", "12.0")
    assert told["ss_network_module"] == "networks.lora"
    assert json.loads(told["ss_tag_frequency"])["pictures"]["a purple ring"] == 2
    assert json.loads(told["ss_dataset_dirs"]) == {"pictures": {"n_repeats": 1, "img_count": 2}}
    assert told["modelspec.architecture"] == "stable-diffusion-v1/lora"
    assert told["modelspec.prediction_type"] == "v"
    assert str(tmp_path) not in json.dumps(told)  # nobody's folders travel with the file


def test_the_hash_of_a_file_is_that_of_its_tensors_alone(tmp_path: Path) -> None:
    """As the webui computes it from the file: everything behind the header."""
    import hashlib

    run = trained(tmp_path)
    (path,) = product(run, tmp_path)
    data = path.read_bytes()
    body = data[8 + int.from_bytes(data[:8], "little") :]
    with safe_open(path, "pt") as file:
        told = file.metadata()
    assert told["sshs_model_hash"] == hashlib.sha256(body).hexdigest()
    assert len(told["sshs_legacy_hash"]) == 8
    save_file(load_file(path), path, {**told, "ss_training_comment": "another word"})
    again = path.read_bytes()
    assert again[8 + int.from_bytes(again[:8], "little") :] == body


def test_weights_that_half_precision_does_not_hold_are_refused(tmp_path: Path) -> None:
    from engine.errors import AtelierError

    run = trained(tmp_path, half=True)
    with torch.no_grad():
        next(iter(run.weights.values())).fill_(1e6)
    with pytest.raises(AtelierError, match=r"[Hh]alf precision|finite"):
        product(run, tmp_path)
    assert not list((tmp_path / "products").iterdir())
