"""The names of preprocessors, as sd-webui-controlnet writes them where it has them, and what each lets one turn.

engine/picture/preprocessors holds what they do, and engine/detect what those do that are networks.
"""

from dataclasses import dataclass
from typing import Literal, get_args

PreprocessorName = Literal[
    "none",
    "invert",
    "canny",
    "edges",
    "scribble",
    "scribble_xdog",
    "lineart_standard",
    "grey",
    "threshold",
    "blur_gaussian",
    "tile_resample",
    "shuffle",
    "recolor_luminance",
    "recolor_intensity",
    "softedge_hed",
    "softedge_hedsafe",
    "scribble_hed",
    "softedge_pidinet",
    "softedge_pidisafe",
    "scribble_pidinet",
    "softedge_teed",
    "softedge_anyline",
    "mlsd",
    "lineart_realistic",
    "lineart_coarse",
    "lineart_anime",
    "depth_midas",
    "depth_zoe",
    "depth_leres",
    "normal_bae",
    "openpose",
    "openpose_hand",
    "openpose_face",
    "openpose_full",
]
PREPROCESSORS: tuple[str, ...] = get_args(PreprocessorName)


@dataclass(frozen=True)
class Slider:
    """What `threshold_a` or `threshold_b` means to a preprocessor."""

    label: str
    default: float
    low: float
    high: float
    step: float = 1


@dataclass(frozen=True)
class PreprocessorFacts:
    """files: of weights that it needs, below models/annotators, as people know them; a .safetensors of the same name will do."""

    about: str
    a: Slider | None = None
    b: Slider | None = None
    files: tuple[str, ...] = ()


HED, PIDI, BODY = ("ControlNetHED.pth",), ("table5_pidinet.pth",), "body_pose_model.pth"
HAND, FACE = "hand_pose_model.pth", "facenet.pth"


PREPROCESSOR_FACTS: dict[str, PreprocessorFacts] = {
    "none": PreprocessorFacts("The picture as it is: it is a map already."),
    "invert": PreprocessorFacts("Dark lines on white become white lines on black."),
    "canny": PreprocessorFacts(
        "Thin edges (Canny 1986).",
        Slider("Low threshold", 100, 1, 255),
        Slider("High threshold", 200, 1, 255),
    ),
    "edges": PreprocessorFacts("Broad edges, as trainings with the condition edges see them."),
    "scribble": PreprocessorFacts("Few thick lines, as a hand draws: trainings with the condition scribble see them."),
    "scribble_xdog": PreprocessorFacts("A drawing by differences of Gaussians.", Slider("Threshold", 32, 1, 64)),
    "lineart_standard": PreprocessorFacts("Soft lines where the picture is darker than its surroundings."),
    "grey": PreprocessorFacts("Without colour, as trainings with the condition grey see it."),
    "threshold": PreprocessorFacts(
        "White where it is brighter than this, black elsewhere.", Slider("Level", 127, 0, 255)
    ),
    "blur_gaussian": PreprocessorFacts("Blurred.", Slider("Sigma", 9, 0.01, 64, 0.01)),
    "tile_resample": PreprocessorFacts("Smaller by this factor, for tile models.", Slider("Factor", 1, 1, 8, 0.01)),
    "shuffle": PreprocessorFacts("Its colours, moved about until no shape is left."),
    "recolor_luminance": PreprocessorFacts("Perceived lightness (CIE L*).", Slider("Gamma", 1, 0.1, 2, 0.001)),
    "recolor_intensity": PreprocessorFacts("The brightest of the three colours.", Slider("Gamma", 1, 0.1, 2, 0.001)),
    "softedge_hed": PreprocessorFacts("Soft edges (HED, Xie and Tu 2015).", files=HED),
    "softedge_hedsafe": PreprocessorFacts(
        "Soft edges in few steps of grey, so that no picture shines through.", files=HED
    ),
    "scribble_hed": PreprocessorFacts("A hand's lines, of HED's edges.", files=HED),
    "softedge_pidinet": PreprocessorFacts("Soft edges (PiDiNet, Su et al. 2021).", files=PIDI),
    "softedge_pidisafe": PreprocessorFacts("PiDiNet's edges in few steps of grey.", files=PIDI),
    "scribble_pidinet": PreprocessorFacts("A hand's lines, of PiDiNet's edges.", files=PIDI),
    "softedge_teed": PreprocessorFacts(
        "Fine soft edges (TEED, Soria et al. 2023).", Slider("Safe steps", 2, 0, 10), files=("7_model.pth",)
    ),
    "softedge_anyline": PreprocessorFacts("Edges and what is drawn in fine lines (Anyline).", files=("MTEED.pth",)),
    "mlsd": PreprocessorFacts(
        "Straight lines, as of buildings (M-LSD, Gu et al. 2021).",
        Slider("Line strength", 0.1, 0.01, 2, 0.01),
        Slider("Line length", 0.1, 0.01, 20, 0.01),
        ("mlsd_large_512_fp32.pth",),
    ),
    "lineart_realistic": PreprocessorFacts("Lines as a draughtsman's.", files=("sk_model.pth",)),
    "lineart_coarse": PreprocessorFacts("Fewer and coarser lines.", files=("sk_model2.pth",)),
    "lineart_anime": PreprocessorFacts("Lines as of animated films.", files=("netG.pth",)),
    "depth_midas": PreprocessorFacts(
        "Near is bright (MiDaS, Ranftl et al. 2021).", files=("dpt_hybrid-midas-501f0c75.pt",)
    ),
    "depth_zoe": PreprocessorFacts("Near is bright (ZoeDepth, Bhat et al. 2023); slow.", files=("ZoeD_M12_N.pt",)),
    "depth_leres": PreprocessorFacts(
        "Near is bright (LeReS, Yin et al. 2021).",
        Slider("Remove near", 0, 0, 100, 0.1),
        Slider("Remove far", 0, 0, 100, 0.1),
        ("res101.pth",),
    ),
    "normal_bae": PreprocessorFacts("Which way surfaces face (Bae et al. 2021).", files=("scannet.pt",)),
    "openpose": PreprocessorFacts("Bodies as skeletons (Cao et al. 2017).", files=(BODY,)),
    "openpose_hand": PreprocessorFacts("Skeletons and hands.", files=(BODY, HAND)),
    "openpose_face": PreprocessorFacts("Skeletons and faces.", files=(BODY, FACE)),
    "openpose_full": PreprocessorFacts("Skeletons, hands and faces.", files=(BODY, HAND, FACE)),
}
DETECTORS = frozenset(name for name, facts in PREPROCESSOR_FACTS.items() if facts.files)


def settings(name: str, a: float | None, b: float | None) -> tuple[float, float]:
    """What counts of two thresholds: the preprocessor's own where none is given, and 0 where it has none.

    What is out of its range counts as not given, as in sd-webui-controlnet."""
    facts = PREPROCESSOR_FACTS[name]

    def of(slider: Slider | None, given: float | None) -> float:
        if slider is None:
            return 0.0
        return given if given is not None and slider.low <= given <= slider.high else slider.default

    return of(facts.a, a), of(facts.b, b)
