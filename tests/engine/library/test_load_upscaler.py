"""Upscalers from files of all kinds: what they are, what they give, and what is refused without being run."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import ModelDamaged
from engine.library.addition import describe
from engine.library.load_upscaler import LoadedUpscaler, load_upscaler
from engine.library.scan import Library
from tests.engine.library.blobs import of_shapes, write
from tests.engine.library.tiny_upscaler import esrgan, restoreformer, write_pth, write_safetensors

CPU = torch.device("cpu")


def loaded(path: Path) -> LoadedUpscaler:
    return load_upscaler(describe(path, path.stem, "upscaler"), CPU, torch.float32)


def refused(path: Path) -> str:
    with pytest.raises(ModelDamaged) as caught:
        loaded(path)
    return caught.value.problem.code


@pytest.mark.parametrize("kind", ["safetensors", "pth", "former"])
@pytest.mark.parametrize("scale", [2, 4])
def test_an_esrgan_file_of_each_kind_gives_the_same_network(tmp_path: Path, kind: str, scale: int) -> None:
    network = esrgan(scale)
    path = tmp_path / ("x.safetensors" if kind == "safetensors" else "x.pth")
    write_safetensors(path, network) if kind == "safetensors" else write_pth(path, network, kind == "former")
    found = loaded(path)
    pixels = torch.rand(1, 3, 12, 16)
    assert found.scale == scale
    with torch.inference_mode():
        assert torch.allclose(found.network(pixels), network(pixels).clamp(0, 1), atol=1e-6)


def test_a_shelf_finds_upscalers_by_name_and_by_hash(tmp_path: Path) -> None:
    write_pth(tmp_path / "models" / "upscalers" / "4x_Tiny.pth", esrgan())
    library = Library(tmp_path / "models", tmp_path / "cache")
    found = library.upscalers.find("4x_tiny")
    assert found.problem is None
    assert library.upscalers.with_hash(library.upscalers.hash_of(found)) == found


class Harmful:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("/tmp/atelier-was-run"),))


def test_a_pickle_that_runs_programs_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    torch.save({"params": Harmful()}, tmp_path / "x.pth")
    assert refused(tmp_path / "x.pth") == "weights.pickle"
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(Harmful()))
    assert refused(tmp_path / "bare.pth") in ("model.pickle", "model.not_weights")
    assert not Path("/tmp/atelier-was-run").exists()


def test_a_tensor_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    weights = dict(esrgan().state_dict())
    name = next(iter(weights))
    torch.save({**weights, name: torch.zeros(1).expand(10**9)}, tmp_path / "x.pth")
    assert refused(tmp_path / "x.pth") == "weights.damaged"


def test_a_packed_file_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    write_pth(tmp_path / "plain.pth", esrgan())
    with (
        zipfile.ZipFile(tmp_path / "plain.pth") as plain,
        zipfile.ZipFile(tmp_path / "x.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for member in plain.namelist():
            packed.writestr(member, plain.read(member))
    assert refused(tmp_path / "x.pth") == "model.packed"


def test_cut_off_empty_and_strange_files_are_named(tmp_path: Path) -> None:
    whole = write_pth(tmp_path / "whole.pth", esrgan()).read_bytes()
    assert refused(write(tmp_path / "cut.pth", whole[: len(whole) // 2])) == "model.truncated"
    assert refused(write(tmp_path / "empty.pth", b"")) == "model.empty"
    assert refused(write(tmp_path / "page.pth", b"<!doctype html><title>login</title>")) == "model.webpage"
    assert refused(write(tmp_path / "text.pth", b"hello")) == "model.truncated"
    assert refused(write(tmp_path / "text2.pth", b"hello, this is no network")) == "model.not_weights"


def test_other_models_are_named_and_sent_to_their_folder(tmp_path: Path) -> None:
    checkpoint = of_shapes({"model.diffusion_model.input_blocks.0.0.weight": [4, 4, 3, 3]})
    assert refused(write(tmp_path / "sd.safetensors", checkpoint)) == "upscaler.kind"
    assert refused(write(tmp_path / "what.safetensors", of_shapes({"layer.weight": [3, 3]}))) == "upscaler.strange"


def test_restorers_of_faces_and_upscalers_are_each_loaded_from_their_own_folder(tmp_path: Path) -> None:
    faces, larger = write_pth(tmp_path / "faces.pth", restoreformer()), write_pth(tmp_path / "larger.pth", esrgan())
    found = load_upscaler(describe(faces, "faces", "restorer"), CPU, torch.float16)
    assert (found.network.architecture.id, found.scale, found.dtype) == ("RestoreFormer", 1, torch.float32)
    assert refused(faces) == "upscaler.purpose"
    with pytest.raises(ModelDamaged) as caught:
        load_upscaler(describe(larger, "larger", "restorer"), CPU, torch.float32)
    assert caught.value.problem.code == "restorer.purpose"


def test_a_network_with_nan_is_refused(tmp_path: Path) -> None:
    network = esrgan()
    next(network.parameters()).data.view(-1)[0] = float("nan")
    assert refused(write_safetensors(tmp_path / "x.safetensors", network)) == "model.nan"
