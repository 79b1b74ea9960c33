"""Weights of controlnet-aux' networks in the files that people know, random: the networks are the real ones, at their size."""

import functools
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn


def network(stem: str) -> nn.Module:
    from controlnet_aux.hed import ControlNetHED_Apache2
    from controlnet_aux.leres import RelDepthModel
    from controlnet_aux.lineart import Generator
    from controlnet_aux.lineart_anime import UnetGenerator
    from controlnet_aux.midas.midas.dpt_depth import DPTDepthModel
    from controlnet_aux.mlsd import MobileV2_MLSD_Large
    from controlnet_aux.normalbae import NNET
    from controlnet_aux.open_pose.face import FaceNet
    from controlnet_aux.open_pose.model import bodypose_model, handpose_model
    from controlnet_aux.pidi import pidinet
    from controlnet_aux.teed import TED
    from controlnet_aux.zoe import ZoeDepth, get_config

    norm: Any = functools.partial(nn.InstanceNorm2d, affine=False, track_running_stats=False)
    asked = types.SimpleNamespace(architecture="BN", sampling_ratio=0.4, importance_ratio=0.7)
    makers: dict[str, Callable[[], nn.Module]] = {
        "ControlNetHED": ControlNetHED_Apache2,
        "table5_pidinet": pidinet,
        "7_model": TED,
        "MTEED": TED,
        "mlsd_large_512_fp32": MobileV2_MLSD_Large,
        "sk_model": lambda: Generator(3, 1, 3),
        "sk_model2": lambda: Generator(3, 1, 3),
        "netG": lambda: UnetGenerator(3, 1, 8, 64, norm_layer=norm, use_dropout=False),
        "dpt_hybrid-midas-501f0c75": lambda: DPTDepthModel(None, backbone="vitb_rn50_384", non_negative=True),
        "ZoeD_M12_N": lambda: ZoeDepth.build_from_config(get_config("zoedepth", "infer")),
        "res101": lambda: RelDepthModel(backbone="resnext101"),
        "scannet": lambda: NNET(asked),
        "body_pose_model": bodypose_model,
        "hand_pose_model": handpose_model,
        "facenet": FaceNet,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return makers[stem]().eval()


WITHIN = {"table5_pidinet": "state_dict", "scannet": "model", "ZoeD_M12_N": "model", "res101": "depth_model"}
MODULE = ("table5_pidinet", "netG", "scannet", "res101")  # saved as they were trained, in parallel


def write_annotator(folder: Path, name: str, safe: bool = False) -> Path:
    """In the form in which the real file comes; safe: as .safetensors instead."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = Path(name).stem
    weights = dict(network(stem).state_dict())
    if stem in ("body_pose_model", "hand_pose_model"):  # Caffe's names
        weights = {key.split(".", 1)[1]: weight for key, weight in weights.items()}
    if safe:
        path = folder / f"{stem}.safetensors"
        save_file({key: weight.contiguous() for key, weight in weights.items()}, str(path))
        return path
    if stem in MODULE:
        weights = {f"module.{key}": weight for key, weight in weights.items()}
    torch.save({WITHIN[stem]: weights} if stem in WITHIN else weights, folder / name)
    return folder / name
