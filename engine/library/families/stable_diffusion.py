"""Stable Diffusion 1 and 2: the same network, read by CLIP ViT-L or by OpenCLIP ViT-H without its last layer."""

from typing import Any

from engine.library.families.family import Family

# What StableDiffusionPipeline.__init__ sets silently is written down here: steps_offset 1 and clip_sample False.
SCHEDULER: dict[str, Any] = {
    "_class_name": "DDIMScheduler",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
    "timestep_spacing": "leading",
    "trained_betas": None,
}

UNET: dict[str, Any] = {
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    "layers_per_block": 2,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}

VAE: dict[str, Any] = {
    "sample_size": 512,
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "scaling_factor": 0.18215,
}

CLIP_L: dict[str, Any] = {
    "vocab_size": 49408,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": 77,
    "projection_dim": 768,
    "hidden_act": "quick_gelu",
    "bos_token_id": 49406,
    "eos_token_id": 49407,
    "pad_token_id": 49407,
}

# 23 of OpenCLIP ViT-H's 24 layers: SD2 was trained on the last but one.
OPEN_CLIP_H: dict[str, Any] = {
    **CLIP_L,
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 23,
    "num_attention_heads": 16,
    "projection_dim": 512,
    "hidden_act": "gelu",
    "pad_token_id": 0,
}

SD1 = Family(
    key="sd1",
    label="Stable Diffusion 1",
    width=512,
    height=512,
    unet=UNET,
    vae=VAE,
    text_encoder=CLIP_L,
    scheduler=SCHEDULER,
    pad_token="<|endoftext|>",
)

SD2 = Family(
    key="sd2",
    label="Stable Diffusion 2",
    width=512,
    height=512,
    unet={**UNET, "cross_attention_dim": 1024, "attention_head_dim": (5, 10, 20, 20), "use_linear_projection": True},
    vae=VAE,
    text_encoder=OPEN_CLIP_H,
    scheduler=SCHEDULER,
    pad_token="!",
)
