"""Kind and family from names and shapes."""

import json
from pathlib import Path

import pytest

from engine.library.identify import identify
from tests.engine.library.blobs import of_shapes, write
from tests.engine.library.tiny import write_folder

FIRST = "model.diffusion_model.input_blocks.0.0.weight"
UNET = {FIRST: [8, 4, 3, 3]}
VAE = {
    "first_stage_model.encoder.conv_in.weight": [8, 3, 3, 3],
    "first_stage_model.decoder.conv_in.weight": [8, 4, 3, 3],
}
CLIP = {"cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": [4, 2]}
OPEN_CLIP = {"cond_stage_model.model.token_embedding.weight": [4, 2]}

FILES: dict[str, tuple[dict[str, list[int]], str, str | None, str]] = {
    "sd1": (UNET | VAE | CLIP, "checkpoint", "sd1", ""),
    "sd1 of an old converter": (
        UNET | VAE | {"cond_stage_model.transformer.embeddings.x": [1]},
        "checkpoint",
        "sd1",
        "",
    ),
    "sd2": (UNET | VAE | OPEN_CLIP, "checkpoint", "sd2", ""),
    "sdxl": (
        UNET | VAE | {"conditioner.embedders.1.model.x": [1], "conditioner.embedders.0.transformer.x": [1]},
        "checkpoint",
        "sdxl",
        "Stable Diffusion XL, which is not supported yet",
    ),
    "sdxl refiner": (UNET | VAE | {"conditioner.embedders.0.model.x": [1]}, "checkpoint", "sdxl-refiner", "refiner"),
    "sd3": ({"model.diffusion_model.joint_blocks.0.x": [1]}, "checkpoint", "sd3", "Stable Diffusion 3"),
    "flux": ({"double_blocks.0.x": [1]}, "checkpoint", "flux", "Flux"),
    "svd": (
        UNET | {"model.diffusion_model.input_blocks.1.0.time_stack.x": [1]},
        "checkpoint",
        "video",
        "a video model",
    ),
    "inpainting": ({FIRST: [8, 9, 3, 3]} | VAE | CLIP, "checkpoint", "sd1", ""),
    "depth to image": ({FIRST: [8, 5, 3, 3]} | VAE | CLIP, "checkpoint", None, "depth-to-image network"),
    "no text encoder": (UNET | VAE, "checkpoint", None, "has no text encoder"),
    "UNet only": (UNET, "checkpoint", None, "has no text encoder and no VAE"),
    "vae": ({"encoder.conv_in.weight": [1], "decoder.conv_in.weight": [8, 4, 3, 3]}, "vae", None, "is a VAE"),
    "vae of a checkpoint": (VAE, "vae", None, "is a VAE"),
    "kohya lora": ({"lora_unet_down_blocks_0.lora_down.weight": [1]}, "lora", None, "is a LoRA"),
    "peft lora": ({"unet.down_blocks.0.x.lora_A.weight": [1]}, "lora", None, "is a LoRA"),
    "embedding": ({"emb_params": [1, 768]}, "embedding", None, "textual inversion"),
    "another embedding": ({"<cat>": [768]}, "embedding", None, "textual inversion"),
    "controlnet": ({"control_model.input_blocks.0.0.weight": [1]}, "controlnet", None, "is a ControlNet"),
    "diffusers controlnet": (
        {"controlnet_cond_embedding.conv_in.weight": [1], "down_blocks.0.x": [1]},
        "controlnet",
        None,
        "is a ControlNet",
    ),
    "diffusers unet": ({"down_blocks.0.resnets.0.x": [1], "conv_in.weight": [1]}, "unet", None, "only a UNet"),
    "text encoder": ({"text_model.embeddings.x": [1]}, "text encoder", None, "only a text encoder"),
    "ip-adapter": ({"image_proj.proj.weight": [8, 4]}, "ip-adapter", None, "is an IP-Adapter, not a checkpoint"),
    "image encoder": (
        {"vision_model.x": [1], "visual_projection.weight": [4, 4]},
        "image encoder",
        None,
        "image encoder",
    ),
    "something else": ({f"layer.{i}.weight": [1] for i in range(9)}, "unknown", None, "no model that is known"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_is_recognised_by_its_header(case: str, tmp_path: Path) -> None:
    shapes, kind, family, words = FILES[case]
    found = identify(write(tmp_path / "m.safetensors", of_shapes(shapes)))
    assert (found.kind, found.family) == (kind, family)
    assert (words in found.problem.message) if words and found.problem else not words and not found.problem
    assert not found.problem or found.problem.remedy


@pytest.mark.parametrize("channels", [4, 8, 9])
def test_inpainting_and_instruct_checkpoints_are_told_from_header_or_configuration(
    channels: int, tmp_path: Path
) -> None:
    file = write(tmp_path / "m.safetensors", of_shapes({FIRST: [8, channels, 3, 3]} | VAE | CLIP))
    write_folder(tmp_path / "m", in_channels=channels)
    if channels == 8:
        index = tmp_path / "m" / "model_index.json"
        index.write_text(index.read_text().replace("StableDiffusionPipeline", "StableDiffusionInstructPix2PixPipeline"))
    for found in (identify(file), identify(tmp_path / "m")):
        assert (found.problem, found.inpaints, found.instructs) == (None, channels == 9, channels == 8)


def test_a_pickle_is_listed_with_the_remedy_to_convert_it(tmp_path: Path) -> None:
    found = identify(write(tmp_path / "old.ckpt", b"PK\x03\x04 whatever"))
    assert found.problem
    assert found.problem.code == "model.pickle"
    assert "Convert" in found.problem.remedy


@pytest.mark.parametrize(
    ("name", "metadata", "side"),
    [
        ("two", {}, 512),
        ("two", {"modelspec.prediction_type": "v"}, 768),
        ("two", {"modelspec.prediction_type": "epsilon"}, 512),
        ("v2-1_768-ema-pruned", {}, 768),
    ],
)
def test_stable_diffusion_2_that_predicts_v_draws_768_pixels(
    name: str, metadata: dict[str, str], side: int, tmp_path: Path
) -> None:
    path = write(tmp_path / f"{name}.safetensors", of_shapes(UNET | VAE | OPEN_CLIP, metadata or None))
    assert identify(path).side == side


@pytest.mark.parametrize(
    ("pipeline", "family"),
    [("StableDiffusionXLPipeline", "sdxl"), ("StableDiffusion3Pipeline", "sd3"), ("FluxPipeline", "flux"), ("X", None)],
)
def test_a_folder_of_another_family_is_named_not_called_damaged(
    pipeline: str, family: str | None, tmp_path: Path
) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": pipeline}))
    found = identify(tmp_path)
    assert found.family == family
    assert found.problem
    assert found.problem.code == "model.not_supported"


@pytest.mark.parametrize("index", ["", "[]", "{", '{"_class_name": 5}', "[" * 100_000, "\udcff"])
def test_a_folder_with_a_broken_index_is_listed_as_damaged(index: str, tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_bytes(index.encode("utf-8", "surrogateescape"))
    assert identify(tmp_path).problem
