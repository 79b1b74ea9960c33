"""The fields of txt2img and img2img: those of the request schema by their AUTOMATIC1111 names, and what only that API has."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from engine.request.schema import PARAMETERS, Parameter

# Options there, not fields of a request: api/a1111/options.py.
OPTIONS = frozenset(
    {
        "sd_model_checkpoint",
        "CLIP_stop_at_last_layers",
        "emphasis",
        "eta_noise_seed_delta",
        "randn_source",
        "samples_format",
        "jpeg_quality",
    }
)
# Where their default differs from the schema's.
DEFAULTS: dict[str, Any] = {
    "steps": 50,
    "cfg_scale": 7.0,
    "width": 512,
    "height": 512,
    "sampler_name": None,
    "scheduler": None,
    "styles": None,
    "denoising_strength": None,
    "resize_mode": 0,
    "mask_blur": None,
    "inpainting_fill": 0,
    "inpaint_full_res": True,
    "inpaint_full_res_padding": 0,
    "inpainting_mask_invert": 0,
    "hr_scale": 2.0,
    "hr_upscaler": None,
    "hr_resize_x": 0,
    "hr_resize_y": 0,
    "seed_resize_from_w": -1,
    "seed_resize_from_h": -1,
    "s_churn": None,
    "s_tmin": None,
    "s_tmax": None,
    "s_noise": None,
}
# Choices that they number; by our parameter.
NUMBERED: dict[str, tuple[str, ...]] = {
    "resize_mode": PARAMETERS["resize_mode"].choices,
    "mask_mode": PARAMETERS["mask_mode"].choices,
    "inpaint_area": PARAMETERS["inpaint_area"].choices,
    "masked_content": ("fill", "original", "latent noise", "latent nothing"),
}
BOTH: dict[str, tuple[Any, Any]] = {
    "sampler_index": (str, "Euler"),
    "n_iter": (int, 1),
    "restore_faces": (bool, None),
    "tiling": (bool, None),
    "do_not_save_samples": (bool, False),
    "do_not_save_grid": (bool, False),
    "s_min_uncond": (float, None),
    "override_settings": (dict[str, Any], {}),
    "override_settings_restore_afterwards": (bool, True),
    "refiner_checkpoint": (str, None),
    "refiner_switch_at": (float, None),
    "disable_extra_networks": (bool, False),
    "firstpass_image": (str, None),
    "comments": (dict[str, Any], None),
    "script_name": (str, None),
    "script_args": (list[Any], []),
    "send_images": (bool, True),
    "save_images": (bool, False),
    "alwayson_scripts": (dict[str, Any], {}),
    "force_task_id": (str, None),
    "infotext": (str, None),
}
TXT2IMG_ONLY: dict[str, tuple[Any, Any]] = {
    "enable_hr": (bool, False),
    "firstphase_width": (int, 0),
    "firstphase_height": (int, 0),
    "hr_checkpoint_name": (str, None),
    "hr_sampler_name": (str, None),
    "hr_scheduler": (str, None),
    "hr_prompt": (str, ""),
    "hr_negative_prompt": (str, ""),
}
IMG2IMG_ONLY: dict[str, tuple[Any, Any]] = {
    "init_images": (list[Any], None),
    "mask": (str, None),
    "mask_blur_x": (int, 4),
    "mask_blur_y": (int, 4),
    "mask_round": (bool, True),
    "initial_noise_multiplier": (float, None),
    "latent_mask": (str, None),
    "include_init_images": (bool, False),
}
# What is not here, and the values that ask for nothing of it. Anything else would be another picture than was asked for.
NOT_HERE: dict[str, tuple[Any, ...]] = {
    "tiling": (None, False),
    "refiner_checkpoint": (None, "", "None"),
    "firstpass_image": (None, ""),
    "initial_noise_multiplier": (None, 1),
    "latent_mask": (None, ""),
    "s_min_uncond": (None, 0),
    "hr_checkpoint_name": (None, "", "Use same checkpoint"),
}
SHARED_PARTS = ("words", "canvas", "sampling", "tuning", "noise", "output")


def of_schema(parts: tuple[str, ...]) -> dict[str, Parameter]:
    """Parameters of these parts of a request, by their names."""
    found = {}
    for known in PARAMETERS.values():
        if known.part in parts and known.a1111 and known.a1111 not in OPTIONS:
            found[known.a1111] = known
    return found


PARAMETERS_OF: dict[str, dict[str, Parameter]] = {
    "txt2img": of_schema((*SHARED_PARTS, "hires")),
    "img2img": of_schema((*SHARED_PARTS, "start")),
}


def model(name: str, parameters: dict[str, Parameter], *others: dict[str, tuple[Any, Any]]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for theirs, known in parameters.items():
        kind: Any = list[str] if known.many else known.type
        if known.name in NUMBERED:
            kind = bool if theirs == "inpaint_full_res" else int
        default = DEFAULTS.get(theirs, known.default)
        fields[theirs] = kind | None, Field(default, title=known.label, description=known.help)
    for table in others:
        fields |= {theirs: (kind | None, default) for theirs, (kind, default) in table.items()}
    return create_model(name, __config__=ConfigDict(extra="ignore", allow_inf_nan=False), **fields)


MODELS: dict[str, type[BaseModel]] = {
    "txt2img": model("Txt2Img", PARAMETERS_OF["txt2img"], BOTH, TXT2IMG_ONLY),
    "img2img": model("Img2Img", PARAMETERS_OF["img2img"], BOTH, IMG2IMG_ONLY),
}
