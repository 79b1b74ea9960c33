"""Preprocessors that are networks: controlnet-aux' own classes with random weights, read from files by our gate."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.detect.eye import Eye
from engine.detect.maps import DETECTORS as ROWS
from engine.detect.networks import NETWORKS
from engine.errors import AtelierError
from engine.library.scan import Library
from engine.picture.preprocessors.edges import Pixels
from engine.request.preprocessors import DETECTORS, PREPROCESSOR_FACTS
from tests.engine.detect.files import network, write_annotator

SMALL = ("softedge_pidinet", "scribble_pidinet", "softedge_teed", "softedge_anyline", "mlsd", "lineart_coarse")


def noise(height: int = 64, width: int = 96) -> Pixels:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)


def eye(folder: Path, name: str, **how: Any) -> Eye:
    for file in PREPROCESSOR_FACTS[name].files:
        write_annotator(folder / "annotators", file, **how)
    return Eye(Library(folder, folder / "cache"))


def refused(eye: Eye, name: str) -> tuple[str, str]:
    with pytest.raises(AtelierError) as caught:
        eye(name, noise(), None, None)
    return caught.value.problem.code, caught.value.problem.message


def test_each_name_has_a_row_and_a_network() -> None:
    assert ROWS.keys() == DETECTORS
    firsts = {Path(facts.files[0]).stem.casefold() for facts in PREPROCESSOR_FACTS.values() if facts.files}
    assert NETWORKS.keys() == firsts


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in SMALL else pytest.mark.slow) for name in sorted(DETECTORS)]
)
def test_each_detector_makes_a_map_of_the_picture_s_size(name: str, tmp_path: Path) -> None:
    picture = noise()
    made = eye(tmp_path, name)(name, picture, None, None)
    assert (made.shape, made.dtype) == (picture.shape, np.uint8)
    if not name.startswith(("openpose", "scribble")) and not name.endswith("safe"):  # random weights see little
        assert made.max() > made.min()


@pytest.mark.parametrize("safe", [False, True], ids=["pth", "safetensors"])
def test_the_map_is_that_of_the_detector_s_own_class_with_those_weights(safe: bool, tmp_path: Path) -> None:
    from controlnet_aux.pidi import PidiNetDetector

    asked = {"detect_resolution": 64, "image_resolution": 64, "output_type": "np"}
    with torch.inference_mode():
        expected: Any = PidiNetDetector(network("table5_pidinet"))(noise(64, 64), **asked)
    made = eye(tmp_path, "softedge_pidinet", safe=safe)("softedge_pidinet", noise(64, 64), None, None)
    assert np.array_equal(made, expected)


def test_a_threshold_turns_what_it_says(tmp_path: Path) -> None:
    see = eye(tmp_path, "mlsd")
    white = [int((see("mlsd", noise(256, 256), None, length) > 127).sum()) for length in (0.01, 1.5)]
    assert white[0] > white[1]


def test_a_missing_file_is_named_with_its_place(tmp_path: Path) -> None:
    write_annotator(tmp_path / "annotators", "7_model.pth")
    found = Eye(Library(tmp_path, tmp_path / "cache"))
    code, message = refused(found, "softedge_hed")
    assert (code, "ControlNetHED.pth" in message) == ("preprocessor.missing", True)
    assert found("softedge_teed", noise(), None, None).shape == noise().shape  # added while it ran, or there before


def test_files_that_are_none_are_refused_in_words_and_the_eye_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "annotators"
    see = eye(tmp_path, "softedge_teed")
    whole = (folder / "7_model.pth").read_bytes()
    (folder / "table5_pidinet.pth").write_bytes(whole[: len(whole) // 2])
    (folder / "sk_model.pth").write_bytes(whole)
    broken = network("mlsd_large_512_fp32").state_dict()
    next(weight for weight in broken.values() if weight.is_floating_point()).view(-1)[0] = float("nan")
    torch.save(broken, folder / "mlsd_large_512_fp32.pth")
    torch.save({"state_dict": {"a": Path}}, folder / "ControlNetHED.pth")
    assert refused(see, "softedge_pidinet")[0] == "model.truncated"
    assert refused(see, "lineart_realistic")[0] == "annotator.strange"
    assert refused(see, "mlsd")[0] == "model.nan"
    assert refused(see, "softedge_hed")[0] == "weights.pickle"
    assert see("softedge_teed", noise(), None, None).max() > 0


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    see = eye(tmp_path, "softedge_teed")
    before = see("softedge_teed", noise(), None, None)
    other = {name: weight * 1.5 for name, weight in network("7_model").state_dict().items()}
    torch.save(other, tmp_path / "annotators" / "new.part")
    (tmp_path / "annotators" / "new.part").replace(tmp_path / "annotators" / "7_model.pth")
    assert not np.array_equal(before, see("softedge_teed", noise(), None, None))
