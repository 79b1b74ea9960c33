"""A LoRA file's tensors by the layer they change, whatever the layout: kohya's, LyCORIS', diffusers' or peft's."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.errors import ModelDamaged
from engine.library.header import AGAIN, Header, short

Network = Literal["unet", "text_encoder"]

# What a tensor's name ends with -> what it is to its layer.
ROLES = {
    **dict.fromkeys(("lora_down.weight", "lora_A.weight", "lora.down.weight", "lora_A.default.weight"), "down"),
    **dict.fromkeys(("lora_up.weight", "lora_B.weight", "lora.up.weight", "lora_B.default.weight"), "up"),
    "lora_linear_layer.down.weight": "down",
    "lora_linear_layer.up.weight": "up",
    "lora_mid.weight": "mid",
    "alpha": "alpha",
    **dict.fromkeys(("dora_scale", "lora_magnitude_vector", "lora_magnitude_vector.weight"), "magnitude"),
    **{name: name for name in ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2")},
    **{name: name for name in ("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2")},
}
# What the tensors of methods that are not drawn with end with -> what the method is called.
OTHER_METHODS = {
    **dict.fromkeys(("diff", "diff_b"), "full differences"),
    **dict.fromkeys(("w_norm", "b_norm"), "trained norms"),
    **dict.fromkeys(("oft_blocks", "oft_diag"), "OFT"),
    **dict.fromkeys(("a1.weight", "a2.weight", "b1.weight", "b2.weight"), "GLoRA"),
    "on_input": "IA3",
    "lora_B.bias": "trained biases",
}
# The prefix of a layer's name -> the network; longer ones first.
PREFIXES: tuple[tuple[str, Network], ...] = (
    ("lora_unet_", "unet"),
    ("lora_te_", "text_encoder"),
    ("lycoris_", "unet"),
    ("base_model.model.", "unet"),
    ("unet.", "unet"),
    ("text_encoder.", "text_encoder"),
)
STRANGERS = {
    **dict.fromkeys(("lora_te1_", "lora_te2_", "text_encoder_2."), "sdxl"),
    **dict.fromkeys(
        ("lora_unet_double_blocks_", "lora_unet_single_blocks_", "lora_transformer_", "transformer."), "flux"
    ),
    "lora_unet_joint_blocks_": "sd3",
    **dict.fromkeys(("diffusion_model.", "lora_unet_blocks_"), "video"),
}
WIDTHS = {768: "sd1", 1024: "sd2", 2048: "sdxl", 1280: "sdxl-refiner"}
OLD_ATTENTION = re.compile(r"\.processor\.(to_[qkv]|to_out)_lora\.(down|up)\.weight$")


@dataclass(frozen=True)
class Layer:
    """name: the module's, without dots, without "text_model"; tensors: what they are to it -> their names in the file."""

    network: Network
    name: str
    tensors: Mapping[str, str]

    @property
    def method(self) -> str:
        roles = self.tensors
        if "hada_w1_a" in roles:
            return "LoHa"
        if any(role.startswith("lokr_") for role in roles):
            return "LoKr"
        return "DoRA" if "magnitude" in roles else "LoRA"


@dataclass(frozen=True)
class Layers:
    """layers: by (network, name); width: of the words that its cross-attention reads, 0 where it changes none."""

    layers: Mapping[tuple[Network, str], Layer]
    family: str | None
    width: int
    rank: int
    methods: tuple[str, ...] = field(default=())


def layers_of(header: Header) -> Layers:
    """Raises ModelDamaged for what is no LoRA, is incomplete, or is made in a way that is not drawn with."""
    found: dict[tuple[Network, str], dict[str, str]] = {}
    other: set[str] = set()
    for tensor in header.tensors:
        name = OLD_ATTENTION.sub(lambda m: f".{m[1].replace('to_out', 'to_out.0')}.lora.{m[2]}.weight", tensor)
        for ends, method in OTHER_METHODS.items():
            if name.endswith(f".{ends}"):
                other.add(method)
        module, role = divided(name)
        if role and (place := place_of(module)):
            found.setdefault(place, {})[role] = tensor
    family = next((family for begins, family in STRANGERS.items() if header.below(begins)), None)
    if family:
        return Layers({}, family, 0, 0)
    if other:
        raise _refused(header, f"holds {' and '.join(sorted(other))}, which are not drawn with here.")
    if not found:
        raise _refused(header, "is a safetensors file, but no LoRA that is known here.")
    layers = {place: Layer(*place, tensors) for place, tensors in found.items()}
    ranks = [_checked(layer, header) for layer in layers.values()]
    width = width_of(layers.values(), header)
    methods = tuple(dict.fromkeys(layer.method for layer in layers.values()))
    return Layers(layers, WIDTHS.get(width), width, max(ranks), methods)


def divided(name: str) -> tuple[str, str | None]:
    """The layer's name and what the tensor is to it."""
    for parts in (1, 2, 3):
        module, *ends = name.rsplit(".", parts)
        if role := ROLES.get(".".join(ends)):
            return module, role
    return name, None


def place_of(module: str) -> tuple[Network, str] | None:
    for begins, network in PREFIXES:
        if module.startswith(begins):
            name = flat(module.removeprefix(begins))
            return network, name
    return None


def flat(module: str) -> str:
    """A module's name as kohya writes it: without dots, which nothing tells from the underscores afterwards."""
    return module.replace(".", "_").removeprefix("text_model_")


def width_of(layers: Collection[Layer], header: Header) -> int:
    """What the keys of the cross-attention read, or the text encoder's own width."""
    sides = {"unet": "attn2_to_k", "text_encoder": "self_attn_q_proj"}
    for network in ("unet", "text_encoder"):
        for layer in layers:
            if layer.network == network and layer.name.endswith(sides[network]):
                return inputs(layer, header)
    return 0


def inputs(layer: Layer, header: Header) -> int:
    """How many values the layer reads."""
    shape = {role: header.shape(tensor) for role, tensor in layer.tensors.items()}
    if layer.method == "LoHa":
        return shape["hada_w1_b"][1]
    if layer.method == "LoKr":
        return _second(shape, "lokr_w1") * _second(shape, "lokr_w2")
    return shape["down"][1]


def _second(shape: Mapping[str, tuple[int, ...]], name: str) -> int:
    return shape[name][1] if name in shape else shape[f"{name}_b"][1]


def _checked(layer: Layer, header: Header) -> int:
    """The layer's rank, when all that belongs to it is there and fits together."""
    shape = {role: header.shape(tensor) for role, tensor in layer.tensors.items()}
    if any(len(sides) < 2 or 0 in sides for role, sides in shape.items() if role not in ("alpha", "magnitude")):
        raise _broken(layer, header)
    try:
        if layer.method == "LoHa":
            ranks = {shape["hada_w1_b"][0], shape["hada_w2_b"][0]}
            ranks |= {shape[w][0 if "hada_t1" in shape else 1] for w in ("hada_w1_a", "hada_w2_a")}
        elif layer.method == "LoKr":
            ranks = _kronecker_ranks(shape)
        else:
            ranks = {shape["up"][1], shape["down"][0]}
            if "mid" in shape:
                ranks |= set(shape["mid"][:2])
    except LookupError:
        raise _broken(layer, header) from None
    if len(ranks) > 1 or shape.get("alpha", ()) not in ((), (1,)):
        raise _broken(layer, header)
    return ranks.pop() if ranks else 0


def _kronecker_ranks(shape: Mapping[str, tuple[int, ...]]) -> set[int]:
    """None when both factors are whole."""
    ranks: set[int] = set()
    for factor in ("lokr_w1", "lokr_w2"):
        if factor not in shape:
            tucker = factor == "lokr_w2" and "lokr_t2" in shape
            ranks |= {shape[f"{factor}_a"][0 if tucker else 1], shape[f"{factor}_b"][0]}
    return ranks


def _broken(layer: Layer, header: Header) -> ModelDamaged:
    return ModelDamaged(
        "lora.broken",
        f"{header.name} is damaged: what it holds for {short(layer.name)!r} does not fit together.",
        AGAIN,
        file=header.name,
    )


def _refused(header: Header, why: str) -> ModelDamaged:
    return ModelDamaged(
        "lora.kind",
        f"{header.name} {why}",
        "Use a LoRA, LoCon, DoRA, LoHa or LoKr for Stable Diffusion 1 or 2.",
        file=header.name,
    )
