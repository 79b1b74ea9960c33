"""DETECTORS: a row for each preprocessor that is a network, and how it is asked; networks.py holds what is read."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image

from engine.detect.networks import LoadedDetector
from engine.errors import ModelDamaged
from engine.picture.preprocessors.edges import Pixels
from engine.request.preprocessors import settings

SMALLEST = 64  # pixels of the shorter side: the detectors work in steps of these
Ask = Callable[[Any, Pixels, int, float, float], Pixels]  # detector, picture, shorter side, the two thresholds


def plainly(**more: Any) -> Ask:
    def ask(detector: Any, picture: Pixels, side: int, a: float, b: float) -> Pixels:
        return detector(picture, detect_resolution=side, image_resolution=side, output_type="np", **more)

    return ask


def teed(detector: Any, picture: Pixels, side: int, a: float, b: float) -> Pixels:
    return detector(picture, detect_resolution=side, safe_steps=round(a), output_type="np")


def anyline(detector: Any, picture: Pixels, side: int, a: float, b: float) -> Pixels:
    return detector(picture, detect_resolution=side, output_type="np")


def turned(first: str, second: str) -> Ask:
    """Of two thresholds, as the detector calls them."""

    def ask(detector: Any, picture: Pixels, side: int, a: float, b: float) -> Pixels:
        return plainly(**{first: a, second: b})(detector, picture, side, a, b)

    return ask


DETECTORS: dict[str, Ask] = {
    "softedge_hed": plainly(),
    "softedge_hedsafe": plainly(safe=True),
    "scribble_hed": plainly(scribble=True),
    "softedge_pidinet": plainly(),
    "softedge_pidisafe": plainly(safe=True),
    "scribble_pidinet": plainly(scribble=True),
    "softedge_teed": teed,
    "softedge_anyline": anyline,
    "mlsd": turned("thr_v", "thr_d"),
    "lineart_realistic": plainly(),
    "lineart_coarse": plainly(),
    "lineart_anime": plainly(),
    "depth_midas": plainly(),
    "depth_zoe": plainly(),
    "depth_leres": turned("thr_a", "thr_b"),
    "normal_bae": plainly(),
    "openpose": plainly(),
    "openpose_hand": plainly(include_hand=True),
    "openpose_face": plainly(include_face=True),
    "openpose_full": plainly(include_hand=True, include_face=True),
}


@torch.inference_mode()
def detected(loaded: LoadedDetector, name: str, picture: Pixels, a: float | None, b: float | None) -> Pixels:
    """picture: height x width x 3; so is the map, of the same size. Raises ModelDamaged where no map comes out."""
    height, width = picture.shape[:2]
    side = max(SMALLEST, min(height, width))
    with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings(action="ignore"):
        map_ = DETECTORS[name](loaded.detector, picture, side, *settings(name, a, b))
    if map_.dtype != np.uint8 or map_.ndim != 3:
        raise ModelDamaged(
            "annotator.nothing", f"The preprocessor {name} made no map of the picture.", "Choose another.", name=name
        )
    made = Image.fromarray(map_)
    return np.asarray(made if made.size == (width, height) else made.resize((width, height), Image.Resampling.BILINEAR))
