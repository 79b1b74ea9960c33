"""What lies in models/controlnet: told from the header, found by name and hash, refused by name when it is not for here."""

import hashlib
from pathlib import Path

import pytest

from engine.errors import BadRequest, ModelDamaged
from engine.library.scan import Library
from tests.engine.library.blobs import of_shapes, write

HINT = {"controlnet_cond_embedding.conv_in.weight": [16, 3, 3, 3]}
HEARS = {"ip_adapter.1.to_k_ip.weight": [320, 768]}
ATTENDS = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"


def controlnet(width: int = 768, **more: list[int]) -> bytes:
    return of_shapes({**HINT, ATTENDS: [320, width], **more})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models" / "controlnet"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "models", tmp_path / "cache")


@pytest.mark.parametrize(("width", "family"), [(768, "sd1"), (1024, "sd2"), (128, None)])
def test_the_family_is_told_by_what_the_attention_listens_to(
    width: int, family: str | None, library: Library, folder: Path
) -> None:
    write(folder / "edges.safetensors", controlnet(width))
    (found,) = library.controls.all()
    assert (found.methods, found.family, found.width, found.problem) == (("ControlNet",), family, width, None)


@pytest.mark.parametrize("prefix", ["control_model.", ""])
def test_the_original_layout_is_known(prefix: str, library: Library, folder: Path) -> None:
    key = f"{prefix}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    write(folder / "a.safetensors", of_shapes({f"{prefix}input_hint_block.0.weight": [16, 3, 3, 3], key: [320, 1024]}))
    assert library.controls.find("a").family == "sd2"


@pytest.mark.parametrize(
    "shapes",
    [
        {"adapter.conv_in.weight": [320, 192, 3, 3], "adapter.body.0.resnets.0.block1.weight": [320, 320, 3, 3]},
        {"conv_in.weight": [320, 192, 3, 3], "body.0.block1.weight": [320, 320, 3, 3]},
        {"body.0.in_conv.weight": [80, 192, 1, 1], "body.0.body.0.block1.weight": [80, 80, 3, 3]},
    ],
)
def test_adapters_are_known_in_both_layouts(shapes: dict[str, list[int]], library: Library, folder: Path) -> None:
    write(folder / "sketch.safetensors", of_shapes(shapes))
    found = library.controls.find("sketch")
    assert (found.methods, found.width) == (("T2I-Adapter",), 0)


def test_a_folder_of_diffusers_is_called_by_its_own_name(library: Library, folder: Path) -> None:
    write(folder / "postcard" / "scribble" / "diffusion_pytorch_model.safetensors", controlnet(192))
    write(folder / "postcard" / "scribble" / "diffusion_pytorch_model.bin", b"\x80\x02pickle")
    found = library.controls.find("scribble")
    assert found.name == "postcard/scribble"
    assert library.controls.find("postcard/scribble") == found


@pytest.mark.parametrize(
    ("shapes", "sight"),
    [
        ({"image_proj.proj.weight": [3072, 1024]}, "embedding 1024"),
        ({"image_proj.proj_in.weight": [768, 1280], "image_proj.latents": [1, 16, 768]}, "patches 1280"),
        ({"image_proj.proj.0.weight": [1280, 1280], "image_proj.proj.3.weight": [768]}, "patches 1280"),
    ],
)
def test_ip_adapters_say_what_they_ask_of_an_image_encoder(
    shapes: dict[str, list[int]], sight: str, library: Library, folder: Path
) -> None:
    write(folder / "ip-adapter_sd15.safetensors", of_shapes({**HEARS, **shapes}))
    found = library.controls.find("ip-adapter_sd15")
    assert (found.methods, found.family, found.width, found.sight) == (("IP-Adapter",), "sd1", 768, (sight,))


def test_an_image_encoder_says_what_it_sees(library: Library) -> None:
    shapes = {"vision_model.embeddings.class_embedding": [1280], "visual_projection.weight": [1024, 1280]}
    write(library.models / "clip_vision" / "image_encoder" / "model.safetensors", of_shapes(shapes))
    found = library.encoders.find("image_encoder")
    assert found.sight == ("patches 1280", "embedding 1024")
    write(library.models / "clip_vision" / "other.safetensors", of_shapes({"visual.conv1.weight": [4, 4]}))
    with pytest.raises(ModelDamaged, match="no CLIP image encoder with its projection"):
        library.encoders.find("other")


@pytest.mark.parametrize(
    ("shapes", "says"),
    [
        ({"image_proj.proj.weight": [3072, 1024]}, "an IP-Adapter of a kind that is not supported"),
        ({**HEARS, "image_proj.perceiver_resampler.proj_in.weight": [4, 4]}, "an IP-Adapter FaceID"),
        ({**HEARS, "image_proj.proj.0.weight": [4, 4], "image_proj.norm.weight": [4]}, "an IP-Adapter of a kind"),
        ({"ip_adapter.1.to_k_ip.weight": [640, 2048], "image_proj.proj.weight": [8192, 1280]}, "Stable Diffusion XL"),
        ({"lllite_unet_x.down.0.weight": [4, 4]}, "a ControlNet-LLLite"),
        ({"transformer_blocks.0.x.weight": [4, 4], **HINT}, "a transformer"),
        ({"lora_controlnet": [1], **HINT}, "a Control-LoRA"),
        ({"difference": [1], "control_model.input_hint_block.0.weight": [16, 3, 3, 3]}, "a difference"),
        ({**HINT, "add_embedding.linear_1.weight": [4, 4]}, "Stable Diffusion XL"),
        ({"adapter.conv_in.weight": [320, 768, 3, 3], "adapter.body.0.resnets.0.block1.weight": [1]}, "Diffusion XL"),
        ({"model.diffusion_model.input_blocks.0.0.weight": [4]}, "Move it to models/checkpoints."),
        ({"lora_unet_x.lora_down.weight": [4, 4]}, "Move it to models/loras."),
        ({"something": [4]}, "no ControlNet that is known here"),
    ],
)
def test_what_is_not_drawn_with_says_what_it_is(
    shapes: dict[str, list[int]], says: str, library: Library, folder: Path
) -> None:
    write(folder / "other.safetensors", of_shapes(shapes))
    with pytest.raises(ModelDamaged, match=says):
        library.controls.find("other")


def test_a_missing_one_is_named_with_near_ones(library: Library, folder: Path) -> None:
    with pytest.raises(BadRequest, match=r"There is no ControlNet 'canny'\. Put its file into models/controlnet"):
        library.controls.find("canny")
    write(folder / "canny_small.safetensors", controlnet())
    with pytest.raises(BadRequest, match=r"Did you mean canny_small\?"):
        library.controls.find("canny_smal")


def test_it_is_found_by_its_hash_and_by_the_one_that_others_write(library: Library, folder: Path) -> None:
    """sd-webui-controlnet hashes 64 kB from the first MiB on."""
    content = controlnet(more=[700_000])
    write(folder / "canny.safetensors", content)
    found = library.controls.find("canny")
    assert library.controls.hash_of(found) == hashlib.sha256(content).hexdigest()[:10]
    legacy = hashlib.sha256(content[0x100000:0x110000]).hexdigest()[:8]
    for digest in (library.controls.hash_of(found), legacy):
        assert library.controls.with_hash(digest) == found
    assert library.controls.with_hash("0" * 8) is None


def test_in_the_checkpoints_folder_it_says_where_it_belongs(library: Library, tmp_path: Path) -> None:
    write(tmp_path / "models" / "checkpoints" / "canny.safetensors", controlnet())
    with pytest.raises(ModelDamaged, match="models/controlnet"):
        library.find("canny")
