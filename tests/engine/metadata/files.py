"""Pictures as other tools write them, made here in their layouts (their programs' sources say how)."""

import io
import json
from collections.abc import Mapping
from typing import Any

from PIL import Image, PngImagePlugin

PICTURE = Image.effect_noise((64, 64), 40).convert("RGB")


def png(texts: Mapping[str, str]) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)  # tEXt where Latin-1 suffices, else iTXt, as all of them do
    return saved("PNG", pnginfo=info)


def exif(form: str, comment: bytes | str | None = None, **fields: Any) -> bytes:
    """comment: bytes go into the Exif folder as piexif does it, text into the first folder as Fooocus does it."""
    data = Image.Exif()
    for tag, value in fields.items():
        data[int(tag.removeprefix("x"), 16)] = value
    if isinstance(comment, bytes):
        data.get_ifd(0x8769)[0x9286] = comment
    elif comment is not None:
        data[0x9286] = comment
    return saved(form, exif=data.tobytes())


def saved(form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    PICTURE.save(file, form, **options)
    return file.getvalue()


def unicode(text: str, order: str = "utf-16-be") -> bytes:
    return b"UNICODE\0" + text.encode(order)


A1111 = """a cat in a hat, naïve 猫
Negative prompt: dog
Steps: 24, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 4294967297, Size: 512x768, Model hash: 4199bcdd14, \
Model: revAnimated_v122, Clip skip: 2, Version: v1.4.1"""

COMFY: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 4294967297,
            "steps": 24,
            "cfg": 7.0,
            "sampler_name": "dpmpp_2m",
            "scheduler": "karras",
            "denoise": 1.0,
            "model": ["10", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd15\\revAnimated_v122.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat in a hat, naïve 猫", "clip": ["11", 0]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "dog", "clip": ["11", 0]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {
        "class_type": "SaveImage",
        "inputs": {"filename_prefix": "x", "images": ["8", 0]},
        "is_changed": [float("nan")],
    },
    "10": {
        "class_type": "LoraLoader",
        "inputs": {
            "lora_name": "hat.safetensors",
            "strength_model": 0.8,
            "strength_clip": 1,
            "model": ["4", 0],
            "clip": ["4", 1],
        },
    },
    "11": {"class_type": "CLIPSetLastLayer", "inputs": {"stop_at_clip_layer": -2, "clip": ["10", 1]}},
    "12": {"class_type": "UpscaleModelLoader", "inputs": {"model_name": "4x-UltraSharp.pth"}},
}

INVOKE = {
    "generation_mode": "txt2img",
    "positive_prompt": "a cat in a hat, naïve 猫",
    "negative_prompt": "dog",
    "width": 512,
    "height": 768,
    "seed": 4294967297,
    "rand_device": "cpu",
    "cfg_scale": 7.0,
    "cfg_rescale_multiplier": 0.0,
    "steps": 24,
    "scheduler": "dpmpp_2m_k",
    "clip_skip": 1,
    "model": {"key": "1", "hash": "blake3:1234", "name": "revAnimated_v122", "base": "sd-1", "type": "main"},
    "loras": [{"model": {"name": "hat", "hash": "blake3:99"}, "weight": 0.8}],
    "app_version": "5.6.0",
}
INVOKE_2 = {
    "model": "stable diffusion",
    "model_weights": "revAnimated_v122",
    "model_hash": "4199bcdd14" + "0" * 54,
    "app_id": "invoke-ai/InvokeAI",
    "app_version": "2.3.5",
    "image": {
        "prompt": [{"prompt": "a cat in a hat, naïve 猫 [dog]", "weight": 1}],
        "steps": 24,
        "cfg_scale": 7,
        "threshold": 0,
        "height": 768,
        "width": 512,
        "seed": 4294967297,
        "type": "txt2img",
        "sampler": "k_dpmpp_2",
    },
}
DREAM = '"a cat in a hat, naïve 猫 [dog]" -s 24 -S 4294967297 -W 512 -H 768 -C 7.0 -A k_dpmpp_2 -U 2 0.75'

FOOOCUS = {
    "adm_guidance": "(1.5, 0.8, 0.3)",
    "base_model": "revAnimated_v122",
    "base_model_hash": "4199bcdd14",
    "clip_skip": 2,
    "full_prompt": ["cinematic still a cat in a hat, naïve 猫"],
    "full_negative_prompt": ["dog", "blurry"],
    "guidance_scale": 7.0,
    "lora_combined_1": "hat : 0.8",
    "loras": [["hat", 0.8, "4852686128"]],
    "metadata_scheme": "fooocus",
    "negative_prompt": "dog",
    "performance": "Speed",
    "prompt": "a cat in a hat, naïve 猫",
    "refiner_model": "None",
    "refiner_switch": 0.5,
    "resolution": "(512, 768)",
    "sampler": "dpmpp_2m",
    "scheduler": "karras",
    "seed": "4294967297",
    "sharpness": 2,
    "steps": 24,
    "styles": "['Fooocus V2']",
    "version": "Fooocus v2.5.5",
}
SWARM = {
    "sui_image_params": {
        "prompt": "a cat in a hat, naïve 猫",
        "negativeprompt": "dog",
        "model": "sd15/revAnimated_v122",
        "seed": 4294967297,
        "steps": 24,
        "cfgscale": 7.0,
        "aspectratio": "2:3",
        "width": 512,
        "height": 768,
        "sampler": "dpmpp_2m",
        "scheduler": "karras",
        "clipstopatlayer": -2,
        "loras": ["hat"],
        "loraweights": ["0.8"],
        "swarm_version": "0.9.5.0",
    },
    "sui_models": [{"name": "revAnimated_v122.safetensors", "param": "model", "hash": "0x4199bcdd14ffff"}],
}
NOVELAI = {
    "prompt": "a cat in a hat, naïve 猫",
    "uc": "dog",
    "steps": 24,
    "width": 512,
    "height": 768,
    "scale": 7.0,
    "seed": 4294967297,
    "sampler": "k_dpmpp_2m",
    "noise_schedule": "karras",
    "sm": False,
    "cfg_rescale": 0.2,
}
NOVELAI_CHUNKS = {
    "Title": "AI generated image",
    "Description": NOVELAI["prompt"],
    "Software": "NovelAI",
    "Source": "Stable Diffusion F1022A28",
    "Comment": json.dumps(NOVELAI, ensure_ascii=False),
}
EASY = {
    "prompt": "a cat in a hat, naïve 猫",
    "negative_prompt": "dog",
    "seed": 4294967297,
    "num_inference_steps": 24,
    "guidance_scale": 7.0,
    "width": 512,
    "height": 768,
    "sampler_name": "dpmpp_2m",
    "use_stable_diffusion_model": "C:\\models\\revAnimated_v122.safetensors",
    "clip_skip": True,
    "use_lora_model": ["hat"],
    "lora_alpha": [0.8],
}
EASY_LABELS = {
    "Prompt": "a cat in a hat, naïve 猫",
    "Negative Prompt": "dog",
    "Seed": "4294967297",
    "Steps": "24",
    "Guidance Scale": "7.0",
    "Width": "512",
    "Height": "768",
    "Sampler": "dpmpp_2m",
    "Stable Diffusion model": "/models/revAnimated_v122.safetensors",
    "Clip Skip": "True",
}
DRAWTHINGS = {
    "c": "a cat in a hat, naïve 猫",
    "uc": "dog",
    "model": "revAnimated_v122.ckpt",
    "sampler": "DPM++ 2M Karras",
    "scale": 7.0,
    "seed": 4294967297,
    "size": "512x768",
    "steps": 24,
    "strength": 1.0,
    "lora": [{"file": "hat.ckpt", "weight": 0.8}],
}
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description><exif:UserComment><rdf:Alt><rdf:li xml:lang="x-default">'
    + json.dumps(DRAWTHINGS, ensure_ascii=False).replace('"', "&quot;")
    + "</rdf:li></rdf:Alt></exif:UserComment></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


FORGE = A1111.replace("DPM++ 2M Karras", "DPM++ 2M, Schedule type: Karras").replace(
    "v1.4.1", "f2.0.1v1.10.1-previous-1"
)
SDNEXT = A1111.replace("Version: v1.4.1", "App: SD.Next, Version: 0eb4a98, Parser: a1111, Operations: txt2img")
FOOOCUS_TEXT = A1111.replace(
    "Version: v1.4.1", "Scheduler: karras, Sharpness: 2, Raw prompt: a cat, Version: Fooocus v2.5.5"
)
# tool, file name, bytes: a folder of old pictures
FILES: dict[str, tuple[str, bytes]] = {
    "a1111.png": ("AUTOMATIC1111 v1.4.1", png({"parameters": A1111})),
    "a1111.jpg": ("AUTOMATIC1111 v1.4.1", exif("JPEG", unicode(A1111))),
    "a1111.webp": ("AUTOMATIC1111 v1.4.1", exif("WEBP", unicode(A1111))),
    "a1111.avif": ("AUTOMATIC1111 v1.4.1", exif("AVIF", unicode(A1111))),
    "a1111.gif": ("AUTOMATIC1111 v1.4.1", saved("GIF", comment=A1111.encode())),
    "forge.png": ("Forge f2.0.1v1.10.1-previous-1", png({"parameters": FORGE})),
    "sdnext.jpg": ("SD.Next 0eb4a98", exif("JPEG", unicode(SDNEXT, "utf-16-le"))),
    "comfy.png": ("ComfyUI", png({"prompt": json.dumps(COMFY), "workflow": "{}"})),
    "comfy.webp": ("ComfyUI", exif("WEBP", x0110=f"prompt:{json.dumps(COMFY)}", x010F="workflow:{}")),
    "invoke.png": ("InvokeAI 5.6.0", png({"invokeai_metadata": said(INVOKE), "invokeai_graph": "{}"})),
    "invoke2.png": ("InvokeAI 2.3.5", png({"sd-metadata": said(INVOKE_2), "Dream": DREAM})),
    "dream.png": ("InvokeAI", png({"Dream": DREAM})),
    "fooocus.png": ("Fooocus v2.5.5", png({"parameters": said(FOOOCUS), "fooocus_scheme": "fooocus"})),
    "fooocus.jpg": ("Fooocus v2.5.5", exif("JPEG", json.dumps(FOOOCUS), x927C="fooocus", x0131="Fooocus v2.5.5")),
    "fooocus-a1111.png": ("Fooocus v2.5.5", png({"parameters": FOOOCUS_TEXT, "fooocus_scheme": "a1111"})),
    "swarm.png": ("SwarmUI 0.9.5.0", png({"parameters": said(SWARM)})),
    "swarm.jpg": ("SwarmUI 0.9.5.0", exif("JPEG", unicode(said(SWARM), "utf-16-le"))),
    "swarm-old.jpg": ("SwarmUI 0.9.5.0", exif("JPEG", x0110=json.dumps(SWARM))),
    "novelai.png": ("NovelAI", png(NOVELAI_CHUNKS)),
    "novelai.webp": ("NovelAI", exif("WEBP", unicode(said(NOVELAI_CHUNKS)))),
    "easy.png": ("Easy Diffusion", png({key: str(value) for key, value in EASY.items()})),
    "easy-labels.png": ("Easy Diffusion", png(EASY_LABELS)),
    "easy.jpg": ("Easy Diffusion", exif("JPEG", unicode(said(EASY)))),
    "drawthings.png": ("Draw Things", png({"XML:com.adobe.xmp": XMP})),
}
