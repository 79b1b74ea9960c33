"""From files in models/annotators to a detector of controlnet-aux on a device; its own loaders would open any pickle."""

import contextlib
import functools
import io
import os
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import ModelDamaged
from engine.library.addition import Addition
from engine.library.header import stamp_of
from engine.library.loaded import Loaded
from engine.library.plain_weights import plain_weights

Weights = Mapping[str, Tensor]
HAND_POINTS, FACE_POINTS = 22, 71  # heatmaps of OpenPose's, the background included
UNHEARD = ("num_batches_tracked", "relative_position_index")  # counted anew, by whichever version made the file


@dataclass
class LoadedDetector(Loaded):
    """detector: of controlnet-aux, in float32."""

    detector: Any


def load_detector(
    found: Sequence[Addition], device: torch.device, dtype: torch.dtype, hash: str = ""
) -> LoadedDetector:
    """found: all files that it needs. Raises ModelDamaged for one that holds no such network; dtype does not matter."""
    paths = [addition.path for addition in found]
    stamps = {path: stamp_of(path) for path in paths}
    weights = [plain_weights(path, within="depth_model") for path in paths]
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(action="ignore"),
        ):  # some tell all they do
            detector = NETWORKS[paths[0].stem.casefold()](*weights).to(device)
    except (RuntimeError, KeyError, AttributeError, IndexError, TypeError) as error:  # of other shapes or names
        raise ModelDamaged(
            "annotator.strange",
            f"{', '.join(path.name for path in paths)} does not hold the weights that its name promises.",
            "Download it again, or take it out of models/annotators.",
            file=", ".join(path.name for path in paths),
        ) from error
    size = sum(weight.numel() * weight.itemsize for one in weights for weight in one.values())
    return LoadedDetector(found[0].name, hash, torch.float32, device, size, stamps, detector)


def filled(network: nn.Module, weights: Weights) -> nn.Module:
    """All of its weights from the file and all of the file's in it. Raises RuntimeError."""
    told = {name: weight.float() if weight.is_floating_point() else weight for name, weight in weights.items()}
    wrong = network.load_state_dict(told, strict=False)
    if strange := [name for name in (*wrong.missing_keys, *wrong.unexpected_keys) if not name.endswith(UNHEARD)]:
        raise RuntimeError(f"{len(strange)} weights do not fit, {strange[0][:80]} among them")
    return network.eval().requires_grad_(False)


def hed(weights: Weights) -> Any:
    from controlnet_aux.hed import ControlNetHED_Apache2, HEDdetector

    return HEDdetector(filled(ControlNetHED_Apache2(), weights))


def pidinet(weights: Weights) -> Any:
    from controlnet_aux.pidi import PidiNetDetector, pidinet

    return PidiNetDetector(filled(pidinet(), weights))


def teed(weights: Weights) -> Any:
    from controlnet_aux.teed import TED, TEEDdetector

    return TEEDdetector(filled(TED(), weights))


def anyline(weights: Weights) -> Any:
    from controlnet_aux.anyline import TED, AnylineDetector

    return AnylineDetector(filled(TED(), weights))


def mlsd(weights: Weights) -> Any:
    from controlnet_aux.mlsd import MLSDdetector, MobileV2_MLSD_Large

    return MLSDdetector(filled(MobileV2_MLSD_Large(), weights))


class Lines:
    """controlnet-aux' LineartDetector holds two networks; here each is a preprocessor of its own."""

    def __init__(self, network: nn.Module):
        self.network = network

    def to(self, device: torch.device) -> "Lines":
        self.network.to(device)
        return self

    def __call__(self, *args: Any, **asked: Any) -> Any:
        from controlnet_aux.lineart import LineartDetector

        return LineartDetector(self.network, self.network)(*args, **asked)


def lineart(weights: Weights) -> Any:
    from controlnet_aux.lineart import Generator

    return Lines(filled(Generator(3, 1, 3), weights))


def lineart_anime(weights: Weights) -> Any:
    from controlnet_aux.lineart_anime import LineartAnimeDetector, UnetGenerator

    norm: Any = functools.partial(nn.InstanceNorm2d, affine=False, track_running_stats=False)
    return LineartAnimeDetector(filled(UnetGenerator(3, 1, 8, 64, norm_layer=norm, use_dropout=False), weights))


def midas(weights: Weights) -> Any:
    from controlnet_aux.midas import MidasDetector
    from controlnet_aux.midas.midas.dpt_depth import DPTDepthModel

    return MidasDetector(filled(DPTDepthModel(None, backbone="vitb_rn50_384", non_negative=True), weights))


def zoe(weights: Weights) -> Any:
    from controlnet_aux.zoe import ZoeDepth, ZoeDetector, get_config

    return ZoeDetector(filled(ZoeDepth.build_from_config(get_config("zoedepth", "infer")), weights))


def leres(weights: Weights) -> Any:
    from controlnet_aux.leres import LeresDetector, RelDepthModel

    return LeresDetector(filled(RelDepthModel(backbone="resnext101"), weights), None)


def normal_bae(weights: Weights) -> Any:
    from controlnet_aux.normalbae import NNET, NormalBaeDetector

    asked = types.SimpleNamespace(architecture="BN", sampling_ratio=0.4, importance_ratio=0.7)
    return NormalBaeDetector(filled(NNET(asked), weights))


def openpose(body: Weights, *others: Weights) -> Any:
    """others: of hands and faces, told apart by how many points they find."""
    from controlnet_aux.open_pose import Body, Face, Hand, OpenposeDetector

    by_points = {len(weights["Mconv7_stage6.bias"]): weights for weights in others}
    hand, face = by_points.pop(HAND_POINTS, None), by_points.pop(FACE_POINTS, None)
    if by_points:
        raise RuntimeError(f"a network of {next(iter(by_points))} points")
    return Poses(
        OpenposeDetector(
            Body(as_file(body)),
            Hand(as_file(hand)) if hand else None,
            Face(as_file(face)) if face else None,
        )
    )


class Poses:
    """controlnet-aux' OpenposeDetector moves only when it has all three networks."""

    def __init__(self, detector: Any):
        self.detector = detector

    def to(self, device: torch.device) -> "Poses":
        for part in (self.detector.body_estimation, self.detector.hand_estimation, self.detector.face_estimation):
            if part is not None:
                part.to(device)
        return self

    def __call__(self, *args: Any, **asked: Any) -> Any:
        return self.detector(*args, **asked)


def as_file(weights: Weights) -> Any:
    """For constructors that read a file themselves: what has been read and judged already."""
    made = io.BytesIO()
    torch.save(dict(weights), made)
    made.seek(0, os.SEEK_SET)
    return made


NETWORKS: dict[str, Callable[..., Any]] = {
    Path(file).stem.casefold(): make
    for file, make in {
        "ControlNetHED.pth": hed,
        "table5_pidinet.pth": pidinet,
        "7_model.pth": teed,
        "MTEED.pth": anyline,
        "mlsd_large_512_fp32.pth": mlsd,
        "sk_model.pth": lineart,
        "sk_model2.pth": lineart,
        "netG.pth": lineart_anime,
        "dpt_hybrid-midas-501f0c75.pt": midas,
        "ZoeD_M12_N.pt": zoe,
        "res101.pth": leres,
        "scannet.pt": normal_bae,
        "body_pose_model.pth": openpose,
    }.items()
}
