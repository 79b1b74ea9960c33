"""What a product tells about itself, in the words that other programs read: kohya's ss_ and Stability's modelspec."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from safetensors.torch import save
from torch import Tensor

from engine.library.load import LoadedModel
from engine.request.training import TrainingRequest
from engine.request.training_methods import LoRA, TextualInversion
from engine.training.data.items import Item
from engine.training.data.tags import tags_of

LEGACY = slice(0x100000, 0x110000)  # what the first webui extension for LoRAs made its hash of
KINDS = {"lora": "lora", "textual_inversion": "textual-inversion", "controlnet": "controlnet"}


def about(request: TrainingRequest, model: LoadedModel, items: Iterable[Item], step: int, total: int) -> dict[str, str]:
    """items: those that were learned from. Values are strings, as kohya's train_network.py writes them."""
    learned = [item for item in items if item.concept.kind == "train"]
    prior = [item for item in items if item.concept.kind == "prior"]
    data, loop, asked, objective = request.data, request.loop, request.optimisation, request.objective
    second = model.family.key.startswith("sd2")
    found: dict[str, object] = {
        "ss_output_name": request.product.name,
        "ss_sd_model_name": model.name,
        "ss_sd_model_hash": model.hash,
        "ss_base_model_version": "sd_v2" if second else "sd_v1",
        "ss_v2": second,
        "ss_clip_skip": request.base.clip_skip if request.base.clip_skip > 1 else None,
        "ss_seed": loop.seed,
        "ss_num_train_images": sum(item.concept.repeats for item in learned),
        "ss_num_reg_images": sum(item.concept.repeats for item in prior),
        "ss_max_train_steps": total,
        "ss_steps": step,
        "ss_batch_size_per_device": loop.batch,
        "ss_gradient_accumulation_steps": loop.accumulation,
        "ss_gradient_checkpointing": loop.checkpointing,
        "ss_mixed_precision": {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}[loop.precision],
        "ss_learning_rate": asked.learning_rate,
        "ss_unet_lr": asked.learning_rate,
        "ss_text_encoder_lr": asked.text_encoder_learning_rate or asked.learning_rate,
        "ss_optimizer": asked.optimiser,
        "ss_lr_scheduler": asked.schedule,
        "ss_lr_warmup_steps": asked.warmup,
        "ss_max_grad_norm": asked.clip,
        "ss_resolution": f"({data.resolution}, {data.resolution})",
        "ss_enable_bucket": data.buckets,
        "ss_flip_aug": request.augment.flip > 0,
        "ss_color_aug": request.augment.colour > 0,
        "ss_cache_latents": data.cache,
        "ss_shuffle_caption": request.captions.shuffle,
        "ss_keep_tokens": request.captions.keep,
        "ss_caption_dropout_rate": request.captions.dropout,
        "ss_caption_tag_dropout_rate": request.captions.tag_dropout,
        "ss_prior_loss_weight": data.prior_weight,
        "ss_noise_offset": objective.offset_noise or None,
        "ss_multires_noise_iterations": objective.pyramid_noise or None,
        "ss_multires_noise_discount": objective.pyramid_discount,
        "ss_ip_noise_gamma": objective.input_perturbation or None,
        "ss_min_snr_gamma": objective.gamma if objective.weighting == "min-SNR" else None,
        "ss_debiased_estimation": objective.weighting == "debiased",
        "ss_zero_terminal_snr": objective.zero_terminal_snr,
        "ss_loss_type": objective.loss,
        "ss_tag_frequency": json.dumps(tag_frequency(learned), ensure_ascii=False),
        "ss_dataset_dirs": json.dumps(folders(learned), ensure_ascii=False),
        "ss_reg_dataset_dirs": json.dumps(folders(prior), ensure_ascii=False),
    }
    found |= of_method(request)
    found |= modelspec(request, model)
    return {key: str(value) for key, value in found.items()}


def of_method(request: TrainingRequest) -> dict[str, object]:
    method = request.method
    if isinstance(method, LoRA):
        plain = method.algorithm in ("LoRA", "DoRA")
        return {
            "ss_network_module": "networks.lora" if plain else "lycoris.kohya",
            "ss_network_dim": method.rank,
            "ss_network_alpha": method.alpha,
            "ss_network_dropout": method.dropout or None,
            "ss_network_args": json.dumps({"algo": method.algorithm.lower()} if method.algorithm != "LoRA" else {}),
        }
    if isinstance(method, TextualInversion):
        return {"ss_token_string": method.token, "ss_num_vectors_per_token": method.vectors}
    return {}


def modelspec(request: TrainingRequest, model: LoadedModel) -> dict[str, str]:
    """https://github.com/Stability-AI/ModelSpec"""
    prediction = request.objective.prediction
    if prediction == "as the model":
        prediction = model.scheduler_config["prediction_type"]
    base = "stable-diffusion-v1"
    if model.family.key.startswith("sd2"):
        base = "stable-diffusion-v2-768-v" if prediction == "v_prediction" else "stable-diffusion-v2-512"
    kind = KINDS.get(request.method.kind)
    found = {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": f"{base}/{kind}" if kind else base,
        "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
        "modelspec.title": request.product.name,
        "modelspec.resolution": f"{request.data.resolution}x{request.data.resolution}",
        "modelspec.prediction_type": "v" if prediction == "v_prediction" else "epsilon",
        "modelspec.timestep_range": f"{request.objective.min_timestep},{request.objective.max_timestep}",
        "modelspec.encoder_layer": str(request.base.clip_skip),
    }
    word = request.method.token if isinstance(request.method, TextualInversion) else request.captions.trigger
    return found | ({"modelspec.trigger_phrase": word} if word else {})


def tag_frequency(items: Iterable[Item]) -> dict[str, dict[str, int]]:
    """By the name of the folder: how many captions hold each tag; what stands between commas is one."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        for caption in item.captions:
            found[item.path.parent.name].update(tag.lower() for tag in tags_of(caption))
    return {folder: dict(tags.most_common()) for folder, tags in found.items()}


def folders(items: Iterable[Item]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for item in items:
        told = found.setdefault(item.path.parent.name, {"n_repeats": item.concept.repeats, "img_count": 0})
        told["img_count"] += 1
    return found


def hashes(tensors: Mapping[str, Tensor], told: Mapping[str, str]) -> dict[str, str]:
    """sshs_*: of the file's tensors alone, so that editing what it tells about itself leaves its hash as it was."""
    plain = {key: value for key, value in told.items() if key.startswith("ss_")}
    data = save(dict(tensors), plain)
    start = 8 + int.from_bytes(data[:8], "little")
    return {
        "sshs_model_hash": hashlib.sha256(memoryview(data)[start:]).hexdigest(),
        "sshs_legacy_hash": hashlib.sha256(data[LEGACY]).hexdigest()[:8],
    }
