"""The LoRAs and embeddings that lie in their folders: told from the header, found by name, word and hash."""

import hashlib
import json
from pathlib import Path

import pytest

from engine.errors import BadRequest, ModelDamaged
from engine.library.scan import Library
from tests.engine.library.blobs import of_shapes, write

LAYER = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"


def lora(width: int = 768, rank: int = 4, metadata: dict[str, str] | None = None, **more: list[int]) -> bytes:
    shapes = {f"{LAYER}.lora_down.weight": [rank, width], f"{LAYER}.lora_up.weight": [320, rank], f"{LAYER}.alpha": []}
    return of_shapes({**shapes, **more}, metadata)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def library(models: Path, tmp_path: Path) -> Library:
    return Library(models, tmp_path / "cache")


def test_a_file_is_told_from_its_header(library: Library, models: Path) -> None:
    tags = json.dumps({"10_x": {"cat": 2, "hat": 9}, "5_y": {"cat": 8}})
    write(
        models / "loras" / "people" / "ann.safetensors",
        lora(metadata={"ss_output_name": "Annie", "ss_tag_frequency": tags}),
    )
    write(models / "loras" / "people" / "ann.png", b"a picture")
    (found,) = library.loras.all()
    assert (found.name, found.word, found.family, found.rank, found.methods) == (
        "people/ann",
        "ann",
        "sd1",
        4,
        ("LoRA",),
    )
    assert (found.also, found.tags, found.picture is not None, found.problem) == (
        ("Annie",),
        ("cat", "hat"),
        True,
        None,
    )


@pytest.mark.parametrize("name", ["people/ann", "ann", "ANN", "annie"])
def test_it_is_found_by_name_word_and_its_own_name(library: Library, models: Path, name: str) -> None:
    write(models / "loras" / "people" / "ann.safetensors", lora(metadata={"ss_output_name": "Annie"}))
    assert library.loras.find(name).word == "ann"


def test_two_of_one_word_are_told_apart_by_the_folder(library: Library, models: Path) -> None:
    for folder in ("a", "b"):
        write(models / "loras" / folder / "ann.safetensors", lora())
    with pytest.raises(BadRequest, match="a/ann, b/ann"):
        library.loras.find("ann")
    assert library.loras.find("b/ann").name == "b/ann"


def test_files_come_and_go_without_a_restart(library: Library, models: Path) -> None:
    with pytest.raises(BadRequest, match=r"There is no LoRA 'ann'\. Put its file into models/loras"):
        library.loras.find("ann")
    file = write(models / "loras" / "ann.safetensors", lora())
    assert library.loras.find("ann").rank == 4
    write(file, lora(rank=8))
    assert library.loras.find("ann").rank == 8
    with pytest.raises(BadRequest, match=r"Did you mean ann\?"):
        library.loras.find("anne")
    file.unlink()
    with pytest.raises(BadRequest, match="There is no LoRA"):
        library.loras.find("ann")


def test_the_hash_is_the_one_that_others_write(library: Library, models: Path) -> None:
    """kohya's: of what comes after the header, so that new notes change nothing; civitai's: of the whole file."""
    data = lora(metadata={"note": "one"})
    write(models / "loras" / "ann.safetensors", data)
    ann = library.loras.find("ann")
    start = 8 + int.from_bytes(data[:8], "little")
    digest = hashlib.sha256(data[start:]).hexdigest()[:12]
    assert library.loras.hash_of(ann) == digest
    for written in (digest, digest[:10], hashlib.sha256(data).hexdigest()[:10], hashlib.sha256(data).hexdigest()):
        assert library.loras.with_hash(written) == ann
    assert library.loras.with_hash("0" * 12) is None
    write(models / "loras" / "ann.safetensors", lora(metadata={"note": "another"}))
    assert library.loras.hash_of(library.loras.find("ann")) == digest


UP, DOWN = f"{LAYER}.lora_up.weight", f"{LAYER}.lora_down.weight"
BAD: dict[str, tuple[bytes, str]] = {
    "cut.safetensors": (lora()[:-5], "is cut off"),
    "page.safetensors": (b"<!doctype html><html>", "is a web page"),
    "half.safetensors": (of_shapes({UP: [320, 4]}), "does not fit together"),
    "ranks.safetensors": (of_shapes({UP: [320, 4], DOWN: [8, 768]}), "does not fit together"),
    "flat.safetensors": (of_shapes({UP: [320], DOWN: [4]}), "does not fit together"),
    "alpha.safetensors": (of_shapes({UP: [320, 4], DOWN: [4, 768], f"{LAYER}.alpha": [3]}), "does not fit together"),
    "none.safetensors": (of_shapes({"something": [2]}), "no LoRA that is known"),
    "oft.safetensors": (of_shapes({f"{LAYER}.oft_blocks": [2, 2, 2]}), "holds OFT"),
    "xl.safetensors": (lora(2048), "made for Stable Diffusion XL"),
    "xl2.safetensors": (of_shapes({"lora_te2_text_model_x.lora_up.weight": [2, 2]}), "made for Stable Diffusion XL"),
    "flux.safetensors": (of_shapes({"transformer.single.lora_A.weight": [2, 2]}), "made for Flux"),
    "video.safetensors": (of_shapes({"diffusion_model.blocks.0.x.lora_A.weight": [2, 2]}), "made for a video model"),
    "old.pt": (b"PK\x03\x04", "is a pickle"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_listed_with_the_reason(library: Library, models: Path, name: str) -> None:
    content, said = BAD[name]
    write(models / "loras" / name, content)
    (found,) = library.loras.all()
    assert found.problem
    assert said in found.problem.message
    assert found.problem.remedy
    with pytest.raises(ModelDamaged, match=said):
        library.loras.find(name.rsplit(".", 1)[0])


def test_embeddings_of_both_layouts_are_words(library: Library, models: Path) -> None:
    write(models / "embeddings" / "EasyNegative.safetensors", of_shapes({"emb_params": [8, 768]}))
    write(models / "embeddings" / "cat-toy" / "learned_embeds.safetensors", of_shapes({"<cat-toy>": [768]}))
    write(models / "embeddings" / "ours.safetensors", of_shapes({"emb_params": [2, 1024]}, {"token": "<mine>"}))
    words = library.embeddings.words()
    assert {word: (a.vectors, a.family) for word, a in words.items()} == {
        "EasyNegative": (8, "sd1"),
        "cat-toy": (1, "sd1"),
        "<cat-toy>": (1, "sd1"),
        "ours": (2, "sd2"),
        "<mine>": (2, "sd2"),
    }


def test_a_word_stands_for_one_embedding(library: Library, models: Path) -> None:
    for folder in ("a", "b"):
        write(models / "embeddings" / folder / "bad.safetensors", of_shapes({"emb_params": [1, 768]}))
    first, second = library.embeddings.all()
    assert first.problem is None
    assert second.problem
    assert "answers to a word that a/bad has already" in second.problem.message


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({"emb_params": [100, 768]}, "holds 100 vectors"),
        ({"clip_l": [1, 768], "clip_g": [1, 1280]}, "made for Stable Diffusion XL"),
        ({"a": [2, 768], "b": [2, 768]}, "no embedding that is known"),
    ],
)
def test_bad_embeddings_say_why(library: Library, models: Path, shapes: dict[str, list[int]], said: str) -> None:
    write(models / "embeddings" / "x.safetensors", of_shapes(shapes))
    (found,) = library.embeddings.all()
    assert found.problem
    assert said in found.problem.message
    assert library.embeddings.words() == {}


def test_our_card_and_automatics_notes_are_read(library: Library, models: Path) -> None:
    write(models / "loras" / "a.safetensors", lora())
    write(
        models / "loras" / "a.atelier.json", json.dumps({"title": "Ann", "triggers": ["ann"], "weight": 0.7}).encode()
    )
    write(models / "loras" / "b.safetensors", lora())
    write(models / "loras" / "b.json", json.dumps({"activation text": "ben, hat", "preferred weight": 0.6}).encode())
    a, b = library.loras.all()
    assert (a.title, a.triggers, a.weight) == ("Ann", ("ann",), 0.7)
    assert (b.triggers, b.weight) == (("ben", "hat"), 0.6)
