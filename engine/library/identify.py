"""What a model file is, told from the names and shapes in its header: microseconds, and no weights are read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import AtelierError, ModelDamaged, Problem
from engine.library.families.table import FAMILIES, NOT_YET
from engine.library.folder import LABELS, read_config, weights_of
from engine.library.header import CONVERT, Header, read_header
from engine.library.names import CLIP, OPEN_CLIP, UNET, VAE

LATENTS, INSTRUCT, INPAINTING = 4, 8, 9  # input channels: latents; and of a picture; and of what a mask leaves of one
PICKLES = (".ckpt", ".pt", ".pth", ".bin")
PIPELINES = tuple(f"StableDiffusion{task}Pipeline" for task in ("", "Img2Img", "Inpaint", "InstructPix2Pix"))
OTHER_FORMATS = (*PICKLES, ".gguf")

PLACES = {
    "vae": ("a VAE", "vae"),
    "lora": ("a LoRA", "loras"),
    "embedding": ("a textual inversion", "embeddings"),
    "controlnet": ("a ControlNet", "controlnet"),
    "ip-adapter": ("an IP-Adapter", "controlnet"),
    "image encoder": ("an image encoder", "clip_vision"),
}

# The first row of which one key begins a tensor's name tells the kind; order matters.
KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lora", ("lora_unet_", "lora_te", "lycoris_", "unet.down_blocks.0.attentions.0.processor", "base_model.model.")),
    ("controlnet", ("control_model.", "controlnet_cond_embedding.", "input_hint_block.")),
    ("ip-adapter", ("image_proj.", "ip_adapter.")),
    ("image encoder", ("vision_model.",)),
    ("embedding", ("emb_params", "string_to_param")),
    ("checkpoint", (UNET,)),
    ("vae", (VAE, "decoder.conv_in.")),
    ("unet", ("input_blocks.", "down_blocks.", "double_blocks.", "joint_blocks.", "transformer_blocks.")),
    ("text encoder", ("text_model.", "cond_stage_model.", "transformer.resblocks.", "encoder.block.")),
)

# As above: architectures by the keys that only they have.
STRANGERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("sd3", (UNET + "joint_blocks.", "joint_blocks.")),
    ("flux", (UNET + "double_blocks.", "double_blocks.", "single_transformer_blocks.")),
    ("video", (UNET + "input_blocks.1.0.time_stack.", UNET + "blocks.0.self_attn.", "blocks.0.self_attn.")),
    ("cascade", (UNET + "clf.", UNET + "clip_txt_mapper.")),
    ("sdxl", ("conditioner.embedders.1.",)),
    ("sdxl-refiner", ("conditioner.embedders.0.model.",)),
)


@dataclass(frozen=True)
class Identity:
    """kind: "checkpoint", "vae", "lora", ... or "unknown"; side: the size in pixels it was trained for.

    words: width of what the text encoder says, 0 when that is not known; inpaints: its network is shown a mask and what
    it leaves of a picture; instructs: its network is shown the picture that it is to change (InstructPix2Pix)."""

    kind: str
    family: str | None
    side: int
    problem: Problem | None = None
    words: int = 0
    inpaints: bool = False
    instructs: bool = False


def identify(path: Path) -> Identity:
    """Never raises for what is in the file: a problem is part of the answer."""
    try:
        if path.is_dir():
            return _folder(path)
        if path.suffix.lower() in PICKLES:
            raise ModelDamaged(
                "model.pickle",
                f"{path.name} is a pickle ({path.suffix}), a format that can run programs, and is not opened here.",
                CONVERT,
                file=path.name,
            )
        return of_header(read_header(path))
    except AtelierError as error:
        return Identity("checkpoint", None, 512, error.problem)


def of_header(header: Header) -> Identity:
    kind = kind_of(header)
    stranger = _first(header, STRANGERS)
    if kind == "checkpoint" or (kind == "unet" and stranger):
        return _checkpoint(header, stranger)
    return Identity(kind, stranger or None, 512, _elsewhere(header.name, kind))


def kind_of(header: Header) -> str:
    for name in header.tensors:
        if ".lora_down." in name or ".lora_A." in name or ".lora.down." in name or ".hada_w1_a" in name:
            return "lora"
    kind = _first(header, KINDS)
    if not kind and len(header.tensors) <= 2 and all(len(e.shape) in (1, 2) for e in header.tensors.values()):
        return "embedding"
    return kind or "unknown"


def _checkpoint(header: Header, stranger: str) -> Identity:
    if stranger:
        return Identity("checkpoint", stranger, 1024, not_yet(header.name, NOT_YET[stranger]))
    channels = channels_of(header)
    problem = _unusual_network(header.name, channels)
    if problem:
        return Identity("checkpoint", None, 512, problem)
    if header.below(UNET + "label_emb."):
        return Identity("checkpoint", None, 768, not_yet(header.name, "an unCLIP network"))
    if header.below(OPEN_CLIP):
        family = "sd2"
    elif header.below(CLIP) or header.below("cond_stage_model.transformer."):
        family = "sd1"
    else:
        family = None
    lacking = [label for label, has in (("text encoder", family), ("VAE", header.below(VAE))) if not has]
    if lacking:
        parts = " and no ".join(lacking)
        return Identity(
            "checkpoint",
            family,
            512,
            Problem(
                code="model.incomplete",
                message=f"{header.name} has no {parts}.",
                remedy="Use the full checkpoint of this model.",
                values={"file": header.name},
            ),
        )
    side = FAMILIES[family or "sd1"].width
    if family == "sd2" and (said_prediction(header) == "v_prediction" or "768" in header.name):
        side = 768  # all that predict v were trained at 768, and most say so only in their names
    return Identity("checkpoint", family, side, None, words_of(header), channels == INPAINTING, channels == INSTRUCT)


def channels_of(header: Header) -> int:
    """What the network of a single-file checkpoint takes in: 4 are latents alone."""
    first = header.shape(UNET + "input_blocks.0.0.weight")
    return first[1] if len(first) > 1 else LATENTS


def words_of(header: Header) -> int:
    for table in (CLIP + "embeddings.token_embedding.weight", OPEN_CLIP + "token_embedding.weight"):
        if shape := header.shape(table):
            return shape[-1]
    return 0


def said_prediction(header: Header) -> str | None:
    """What the file's notes say about what the network predicts; None when they say nothing."""
    if "v_pred" in header.tensors:
        return "v_prediction"
    for note in ("modelspec.prediction_type", "modelspec.predict_key", "prediction_type", "ss_v_parameterization"):
        said = header.metadata.get(note, "").strip().lower()
        if said in ("v", "v_prediction", "v-prediction") or (note.startswith("ss_") and said == "true"):
            return "v_prediction"
        if said in ("epsilon", "eps"):
            return "epsilon"
    return None


def _folder(folder: Path) -> Identity:
    index = read_config(folder / "model_index.json") if (folder / "model_index.json").is_file() else {}
    pipeline = str(index.get("_class_name") or "StableDiffusionPipeline")
    for begins, family in (("StableDiffusionXL", "sdxl"), ("StableDiffusion3", "sd3"), ("Flux", "flux")):
        if pipeline.startswith(begins):
            return Identity("checkpoint", family, 1024, not_yet(folder.name, NOT_YET[family]))
    if pipeline not in PIPELINES:
        return Identity("checkpoint", None, 512, not_yet(folder.name, f"a {pipeline[:60]}"))
    configs = {part: read_config(folder / part / "config.json") for part in LABELS}
    unet = configs["unet"]
    side = unet.get("sample_size", 64)
    side = side * 8 if isinstance(side, int) and 1 <= side <= 1024 else 512
    family = "sd2" if configs["text_encoder"].get("hidden_act") == "gelu" else "sd1"
    channels = unet.get("in_channels", LATENTS)
    problem = _unusual_network(folder.name, channels)
    if not problem:
        read_config(folder / "scheduler" / "scheduler_config.json")
        for part in LABELS:
            read_header(weights_of(folder, part))
        if not any((folder / "tokenizer" / name).is_file() for name in ("tokenizer.json", "merges.txt")):
            raise ModelDamaged(
                "model.incomplete", "The folder has no tokenizer.", "Download the whole folder again.", file=folder.name
            )
    words = configs["text_encoder"].get("hidden_size", 0)
    words = words if isinstance(words, int) else 0
    return Identity("checkpoint", family, side, problem, words, channels == INPAINTING, channels == INSTRUCT)


def not_yet(name: str, what: str) -> Problem:
    return Problem(
        code="model.not_supported",
        message=f"{name} is {what}, which is not supported yet.",
        remedy="Stable Diffusion 1 and 2 are.",
        values={"file": name, "what": what},
    )


def _unusual_network(name: str, channels: Any) -> Problem | None:
    if channels in (LATENTS, INSTRUCT, INPAINTING):
        return None
    return {
        7: not_yet(name, "an upscaler"),
        5: not_yet(name, "a depth-to-image network (5 input channels)"),
    }.get(channels if isinstance(channels, int) else 0) or not_yet(name, f"a network with {channels} input channels")


def _elsewhere(name: str, kind: str) -> Problem | None:
    if kind in PLACES:
        what, folder = PLACES[kind]
        return Problem(
            code="model.other_kind",
            message=f"{name} is {what}, not a checkpoint.",
            remedy=f"Move it to models/{folder}.",
            values={"file": name, "kind": kind},
        )
    if kind == "unknown":
        message = f"{name} is a safetensors file, but no model that is known here."
    else:
        message = f"{name} is only a {'UNet' if kind == 'unet' else kind}, not a whole checkpoint."
    return Problem(
        code="model.other_kind", message=message, remedy="Use the full checkpoint.", values={"file": name, "kind": kind}
    )


def _first(header: Header, rows: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    for answer, begins in rows:
        if any(name.startswith(begins) for name in header.tensors):
            return answer
    return ""
