"""What is loaded is what the file holds, to the last bit; what is not whole is refused."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.errors import ModelDamaged
from engine.library.load import LoadedModel, load
from engine.library.model import ModelFile
from engine.library.scan import Library
from engine.settings import HOUSE
from tests.engine.library.tiny import Networks, write_folder, write_sd1, write_sd2

CPU = torch.device("cpu")
V = {"modelspec.prediction_type": "v"}


class Shelf:
    """A models folder with one model of each layout."""

    def __init__(self, folder: Path):
        self.checkpoints = folder / "models" / "checkpoints"
        self.checkpoints.mkdir(parents=True)
        self.written: dict[str, Networks] = {
            "one": write_sd1(self.checkpoints / "one.safetensors", 1),
            "two": write_sd2(self.checkpoints / "two.safetensors", 2, V),
            "three": write_folder(self.checkpoints / "three", 3),
            "four": write_sd1(self.checkpoints / "four.safetensors", 4, in_channels=9),
        }
        self.library = Library(folder / "models", folder / "cache")

    def load(self, name: str, dtype: torch.dtype = torch.float32) -> LoadedModel:
        return load(self.library.find(name), CPU, dtype)

    def altered(self, name: str, change: Callable[[dict[str, Tensor]], None]) -> ModelFile:
        weights = load_file(self.checkpoints / f"{name}.safetensors")
        change(weights)
        save_file(weights, self.checkpoints / "altered.safetensors")
        return self.library.find("altered")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("shelf"))


def networks(model: LoadedModel | Networks) -> tuple[nn.Module, nn.Module, nn.Module]:
    return model.unet, model.vae, model.text_encoder


def decode(vae: Any, latents: Tensor) -> Tensor:
    return vae.decode(latents).sample


def assert_equal(ours: nn.Module, theirs: nn.Module) -> None:
    mine, other = ours.state_dict(), theirs.state_dict()
    assert mine.keys() == other.keys()
    for name, weight in mine.items():
        assert torch.equal(weight, other[name]), name


@pytest.mark.parametrize("name", ["one", "two", "three", "four"])
def test_every_layout_gives_back_what_was_written(shelf: Shelf, name: str) -> None:
    loaded, written = shelf.load(name), shelf.written[name]
    for ours, theirs in zip(networks(loaded), networks(written), strict=True):
        assert_equal(ours, theirs)
        assert not ours.training
        assert not any(weight.requires_grad for weight in ours.parameters())
    shown, latents = torch.randn(2, 9 if name == "four" else 4, 8, 8), torch.randn(2, 4, 8, 8)
    words, times, ids = torch.randn(2, 77, 64), torch.tensor([3, 700]), torch.randint(0, 49408, (1, 77))
    with torch.inference_mode():
        assert torch.equal(loaded.unet(shown, times, words).sample, written.unet(shown, times, words).sample)
        assert torch.equal(decode(loaded.vae, latents), decode(written.vae, latents))
        assert torch.equal(loaded.text_encoder(ids)[0], written.text_encoder(ids)[0])
    assert loaded.nbytes == sum(weight.nbytes for part in networks(loaded) for weight in part.parameters())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_all_parts_have_the_dtype_that_was_asked_for(shelf: Shelf, dtype: torch.dtype) -> None:
    for name in ("one", "three"):
        loaded = shelf.load(name, dtype)
        assert {weight.dtype for part in networks(loaded) for weight in part.parameters()} == {dtype}
        assert not any(tensor.is_meta for part in networks(loaded) for tensor in (*part.parameters(), *part.buffers()))


def test_the_built_in_model_equals_what_diffusers_loads(tmp_path: Path) -> None:
    library = Library(HOUSE / "models", tmp_path)
    loaded = load(library.find("postcard"), CPU, torch.float32, "abc")
    theirs = StableDiffusionPipeline.from_pretrained(
        str(loaded_path(library)), dtype=torch.float32, local_files_only=True
    )
    for ours, other in zip(networks(loaded), (theirs.unet, theirs.vae, theirs.text_encoder), strict=True):
        assert_equal(ours, other.float())
    assert loaded.tokenizer("a red house").input_ids == theirs.tokenizer("a red house").input_ids
    assert loaded.tokenizer.model_max_length == 77
    assert loaded.scheduler_config["prediction_type"] == "v_prediction"
    assert (loaded.hash, loaded.family.key, loaded.width) == ("abc", "sd1", 128)


def loaded_path(library: Library) -> Path:
    return library.find("postcard").path


def test_weights_changed_in_memory_never_reach_the_file(shelf: Shelf) -> None:
    loaded = shelf.load("one", torch.float16)
    before = (shelf.checkpoints / "one.safetensors").read_bytes()
    for weight in loaded.unet.parameters():
        weight.add_(1)
    assert (shelf.checkpoints / "one.safetensors").read_bytes() == before
    assert_equal(shelf.load("one").unet, shelf.written["one"].unet)


def test_the_families_differ_in_padding_and_noise(shelf: Shelf) -> None:
    one, two, three = (shelf.load(name) for name in ("one", "two", "three"))
    assert [model.tokenizer.pad_token_id for model in (one, two, three)] == [49407, 0, 49407]
    assert [model.scheduler_config["prediction_type"] for model in (one, two)] == ["epsilon", "v_prediction"]
    assert all(model.scheduler_config["steps_offset"] == 1 for model in (one, two, three))
    assert two.tokenizer("wow!").input_ids[-2] == 256  # a "!" that was typed is no padding


def test_files_made_of_float32_or_with_an_odd_header_load_too(shelf: Shelf) -> None:
    path = shelf.checkpoints / "one.safetensors"
    model = shelf.altered("one", lambda weights: weights.update({k: v.float() for k, v in weights.items()}))
    assert_equal(load(model, CPU, torch.float32).unet, shelf.written["one"].unet)
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    odd = shelf.checkpoints / "odd.safetensors"
    odd.write_bytes((length + 1).to_bytes(8, "little") + raw[8 : 8 + length] + b" " + raw[8 + length :])
    assert_equal(shelf.load("odd").unet, shelf.written["one"].unet)


def test_the_text_encoder_is_found_without_its_prefix(shelf: Shelf) -> None:
    def rename(weights: dict[str, Tensor]) -> None:
        for name in [name for name in weights if ".text_model." in name]:
            weights[name.replace(".text_model.", ".")] = weights.pop(name)

    assert_equal(load(shelf.altered("one", rename), CPU, torch.float32).text_encoder, shelf.written["one"].text_encoder)


@pytest.mark.parametrize("name", ["one", "two"])
@pytest.mark.parametrize(
    "begins", ["model.diffusion_model.middle_block.0", "first_stage_model.decoder.norm_out", "cond_stage_model."]
)
def test_a_file_that_lacks_a_weight_is_refused(shelf: Shelf, name: str, begins: str) -> None:
    def drop(weights: dict[str, Tensor]) -> None:
        del weights[next(key for key in sorted(weights) if key.startswith(begins) and key.endswith("bias"))]

    with pytest.raises(ModelDamaged) as caught:
        load(shelf.altered(name, drop), CPU, torch.float32)
    assert caught.value.problem.code == "model.incomplete"
    assert "lacks 1 of" in caught.value.problem.message or "lacks 3 of" in caught.value.problem.message


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("begins", ["model.diffusion_model.", "first_stage_model.", "cond_stage_model."])
def test_a_file_full_of_nan_is_refused(shelf: Shelf, begins: str, value: float) -> None:
    def fill(weights: dict[str, Tensor]) -> None:
        for key, weight in weights.items():
            if key.startswith(begins) and weight.is_floating_point():
                weight.fill_(value)

    with pytest.raises(ModelDamaged, match="NaN") as caught:
        load(shelf.altered("one", fill), CPU, torch.bfloat16)
    assert caught.value.problem.code == "model.nan"


def test_a_single_nan_in_a_small_tensor_is_found(shelf: Shelf) -> None:
    def poison(weights: dict[str, Tensor]) -> None:
        weights["model.diffusion_model.input_blocks.1.0.emb_layers.1.weight"].view(-1)[12345] = float("nan")

    with pytest.raises(ModelDamaged, match="NaN"):
        load(shelf.altered("one", poison), CPU, torch.float32)


def test_a_weight_of_another_shape_is_refused(shelf: Shelf) -> None:
    def reshape(weights: dict[str, Tensor]) -> None:
        weights["model.diffusion_model.out.2.weight"] = torch.zeros(4, 32, 3, 3)

    with pytest.raises(ModelDamaged, match="shape"):
        load(shelf.altered("one", reshape), CPU, torch.float32)


def test_quantised_weights_are_refused_by_name(shelf: Shelf) -> None:
    def quantise(weights: dict[str, Tensor]) -> None:
        key = "model.diffusion_model.out.2.weight"
        weights[key] = weights[key].to(torch.int8)

    with pytest.raises(ModelDamaged, match="I8"):
        load(shelf.altered("one", quantise), CPU, torch.float32)


def test_another_vocabulary_than_the_tokenizers_is_refused(shelf: Shelf) -> None:
    key = "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight"
    with pytest.raises(ModelDamaged, match="49408 tokens"):
        load(
            shelf.altered("one", lambda weights: weights.update({key: weights[key][:1000].clone()})), CPU, torch.float32
        )


@pytest.mark.parametrize(
    ("sign", "said", "beside", "expected"),
    [
        (1.0, None, "", "epsilon"),
        (-1.0, None, "", "v_prediction"),
        (1.0, "v", "", "v_prediction"),
        (-1.0, "epsilon", "", "epsilon"),
        (1.0, None, 'model:\n  params:\n    parameterization: "v"\n', "v_prediction"),
        (-1.0, None, "model:\n  params:\n    linear_start: 0.00085\n", "epsilon"),
    ],
)
def test_what_the_network_predicts_is_read_or_asked(
    shelf: Shelf, sign: float, said: str | None, beside: str, expected: str
) -> None:
    path = shelf.checkpoints / "asked.safetensors"
    weights = load_file(shelf.checkpoints / "two.safetensors")
    weights["model.diffusion_model.out.2.bias"] += 2 * sign  # returns its input, or the contrary
    save_file(weights, path, metadata={"modelspec.prediction_type": said} if said else None)
    sidecar = path.with_suffix(".yaml")
    sidecar.unlink(missing_ok=True)
    if beside:
        sidecar.write_text(beside)
    assert shelf.load("asked").scheduler_config["prediction_type"] == expected


def test_half_precision_becomes_bfloat16_as_torch_rounds_it(shelf: Shelf) -> None:
    for ours, theirs in zip(
        shelf.load("one", torch.bfloat16).unet.parameters(), shelf.written["one"].unet.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs.half().to(torch.bfloat16))


def test_weights_of_eight_bits_are_read(shelf: Shelf) -> None:
    def shrink(weights: dict[str, Tensor]) -> None:
        weights |= {k: w.to(torch.float8_e4m3fn) for k, w in weights.items() if k.startswith("model.diffusion_model.")}

    loaded = load(shelf.altered("one", shrink), CPU, torch.float32)
    for ours, theirs in zip(loaded.unet.parameters(), shelf.written["one"].unet.parameters(), strict=True):
        assert torch.equal(ours, theirs.to(torch.float8_e4m3fn).float())


def test_a_model_knows_when_its_file_has_changed(shelf: Shelf) -> None:
    path = shelf.checkpoints / "fresh.safetensors"
    shutil.copy(shelf.checkpoints / "one.safetensors", path)
    loaded = shelf.load("fresh")
    assert loaded.fresh()
    os.utime(path, ns=(1, 1))
    assert not loaded.fresh()
    path.unlink()
    assert not loaded.fresh()


def test_a_renamed_file_is_the_same_model(shelf: Shelf) -> None:
    path = shelf.checkpoints / "before.safetensors"
    shutil.copy(shelf.checkpoints / "one.safetensors", path)
    digest = shelf.library.hash_of(shelf.library.find("before"))
    path.rename(shelf.checkpoints / "behind.safetensors")
    shelf.library.refresh()
    (shelf.checkpoints / "one.safetensors").touch()
    assert shelf.library.hash_of(shelf.library.find("behind")) == digest
    assert_equal(shelf.load("behind").vae, shelf.written["one"].vae)


def broken_folder(shelf: Shelf, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shelf.checkpoints / "three", tmp_path / "models" / "checkpoints" / "folder"))


FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no weights": (lambda f: (f / "unet" / "diffusion_pytorch_model.safetensors").unlink(), "no weights of the UNet"),
    "weights cut off": (
        lambda f: os.truncate(f / "vae" / "diffusion_pytorch_model.safetensors", 5000),
        "diffusion_pytorch_model.safetensors ends inside",
    ),
    "pickled weights": (
        lambda f: (f / "text_encoder" / "model.safetensors").rename(f / "text_encoder" / "pytorch_model.bin"),
        "are pickles",
    ),
    "sharded": (
        lambda f: (
            [
                shutil.copy(f / "unet" / "diffusion_pytorch_model.safetensors", f / "unet" / f"shard-{i}.safetensors")
                for i in (1, 2)
            ]
            and (f / "unet" / "diffusion_pytorch_model.safetensors").unlink()
        ),
        "split over several files",
    ),
    "no config": (lambda f: (f / "vae" / "config.json").unlink(), "lacks vae/config.json"),
    "no scheduler": (lambda f: shutil.rmtree(f / "scheduler"), "lacks scheduler/scheduler_config.json"),
    "no tokenizer": (lambda f: shutil.rmtree(f / "tokenizer"), "no tokenizer"),
    "config of rubbish": (lambda f: (f / "unet" / "config.json").write_text("[]"), "unet/config.json cannot be read"),
    "another pipeline": (
        lambda f: (f / "model_index.json").write_text('{"_class_name": "StableDiffusionXLPipeline"}'),
        "Stable Diffusion XL",
    ),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder_that_is_not_whole_is_listed_with_the_reason(case: str, shelf: Shelf, tmp_path: Path) -> None:
    folder = broken_folder(shelf, tmp_path)
    FOLDERS[case][0](folder)
    library = Library(tmp_path / "models", tmp_path / "cache")
    (model,) = library.checkpoints()
    assert model.problem
    assert FOLDERS[case][1] in model.problem.message
    with pytest.raises(ModelDamaged):
        library.find("folder")


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("unet", {"block_out_channels": [32, 64]}),
        ("unet", {"block_out_channels": "wide"}),
        ("unet", {"block_out_channels": [2**62, 2**62]}),
        ("unet", {"down_block_types": ["NoSuchBlock", "DownBlock2D"]}),
        ("unet", {"layers_per_block": 2}),
        ("unet", {"layers_per_block": 10**9}),
        ("unet", {"norm_num_groups": 0}),
        ("unet", {"cross_attention_dim": None}),
        ("vae", {"down_block_types": []}),
        ("vae", {"norm_num_groups": 7}),
        ("text_encoder", {"hidden_size": "wide"}),
        ("text_encoder", {"num_attention_heads": 3}),
        ("text_encoder", {"hidden_act": "no such thing"}),
        ("text_encoder", {"num_hidden_layers": 10**9}),
    ],
)
def test_a_configuration_that_does_not_fit_its_weights_is_refused(
    part: str, change: dict[str, object], shelf: Shelf, tmp_path: Path
) -> None:
    file = broken_folder(shelf, tmp_path) / part / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ModelDamaged):
        load(Library(tmp_path / "models", tmp_path / "cache").find("folder"), CPU, torch.float32)


def test_the_half_precision_variant_of_a_folder_is_found(shelf: Shelf, tmp_path: Path) -> None:
    folder = broken_folder(shelf, tmp_path)
    for part in ("unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model"):
        (folder / f"{part}.safetensors").rename(folder / f"{part}.fp16.safetensors")
    loaded = load(Library(tmp_path / "models", tmp_path / "cache").find("folder"), CPU, torch.float32)
    assert_equal(loaded.unet, shelf.written["three"].unet)
