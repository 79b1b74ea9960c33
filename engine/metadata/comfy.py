"""ComfyUI: the graph that was run, as JSON; its links are walked from the sampler to what feeds it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.infotext import Text
from engine.metadata import names
from engine.metadata.objects import lora, model_name, object_of, said, text_of

LONGEST_WALK = 2000  # nodes looked at, all in all: a hostile graph may be a thicket
DEEPEST = 60
LITERALS = ("value", "seed", "noise_seed", "int", "float", "number", "text", "string", "prompt", "Value", "Number")
PASS_ON = ("conditioning", "conditioning_1", "conditioning_2", "conditioning_to", "conditioning_from")
QUIET = re.compile(r"Save|Preview|VAEDecode|Note|Show|Reroute")  # nodes that change nothing of the settings
SCHEDULERS = {
    "KarrasScheduler": "karras",
    "ExponentialScheduler": "exponential",
    "PolyexponentialScheduler": "polyexponential",
    "AlignYourStepsScheduler": "align_your_steps",
}
Node = dict[str, Any]


def find(texts: Mapping[str, str]) -> Text | None:
    graph = object_of(texts.get("prompt"))
    nodes = {key: node for key, node in (graph or {}).items() if isinstance(node, dict) and inputs(node)}
    return Walk(nodes).text() if nodes else None


def inputs(node: Node) -> dict[str, Any]:
    found = node.get("inputs")
    return found if isinstance(found, dict) else {}


class Walk:
    """used: the ids that were understood; the others are told by name."""

    def __init__(self, nodes: dict[str, Node]):
        self.nodes, self.used = nodes, set[str]()
        self.left = LONGEST_WALK

    def text(self) -> Text | None:
        samplers = [node for node in self.nodes.values() if self.is_sampler(node)]
        if not samplers:
            return None
        first = next((node for node in samplers if self.begins(node)), samplers[0])
        for key, node in self.nodes.items():
            if node is first:
                self.used.add(key)
        guider = self.follow(inputs(first).get("guider")) or first
        positive = inputs(guider).get("positive", inputs(guider).get("conditioning"))
        prompts, negatives = list(self.words(positive)), list(self.words(inputs(guider).get("negative")))
        pairs = self.settings(first, guider)
        self.models(guider if inputs(guider).get("model") else first, pairs)
        self.clip(positive, pairs)
        self.canvas(first, pairs)
        for label, several in (("Prompt", prompts), ("Negative prompt", negatives)):
            pairs |= {f"{label} {i}": words for i, words in enumerate(several[1:], 2)}
        pairs["Nodes"] = ", ".join(self.strangers())
        pairs |= {"RNG": "CPU", "Arithmetic": "AUTOMATIC1111"}
        clean = {key: value for key, value in pairs.items() if value}
        return Text("".join(prompts[:1]), "".join(negatives[:1]), clean, "ComfyUI")

    # -- finding

    def is_sampler(self, node: Node) -> bool:
        given = inputs(node)
        return "latent_image" in given and bool({"positive", "guider"} & given.keys())

    def begins(self, node: Node) -> bool:
        """Its latents are empty: it is no second pass over another's."""
        return any("width" in inputs(n) for n in self.latents(node)) and not any(
            self.is_sampler(n) for n in self.latents(node)
        )

    def follow(self, link: Any) -> Node | None:
        """The node at the other end of ["4", 0]."""
        if not (isinstance(link, list) and len(link) == 2 and isinstance(link[0], str | int) and self.left > 0):
            return None
        self.left -= 1
        node = self.nodes.get(str(link[0]))
        if node is not None:
            self.used.add(str(link[0]))
        return node

    def up(self, link: Any, *ways: str) -> Iterator[Node]:
        """The nodes along one kind of link, nearest first."""
        for _ in range(DEEPEST):
            node = self.follow(link)
            if node is None:
                return
            yield node
            link = next((inputs(node)[way] for way in ways if isinstance(inputs(node).get(way), list)), None)

    def latents(self, node: Node) -> list[Node]:
        return list(self.up(inputs(node).get("latent_image"), "latent_image", "samples", "latent", "pixels", "image"))

    def literal(self, value: Any) -> Any:
        """A number or a text, also where a node of its own holds it."""
        for _ in range(DEEPEST):
            if not isinstance(value, list):
                return value if isinstance(value, str | int | float) else None
            node = self.follow(value)
            value = next((inputs(node)[key] for key in LITERALS if key in inputs(node)), None) if node else None
        return None

    def words(self, link: Any, deep: int = 0) -> Iterator[str]:
        """The texts that a conditioning was made from; concatenated ones are chunks of one prompt."""
        node = self.follow(link) if deep < DEEPEST else None
        if node is None:
            return
        given, kind = inputs(node), str(node.get("class_type"))
        if "ZeroOut" in kind:
            return
        for key in ("text", "text_g", "t5xxl", "clip_l"):
            if key in given:
                words = self.literal(given[key])
                if isinstance(words, str):
                    yield text_of(words)
                return
        if "positive" in given and "negative" in given:  # ControlNet: two in, two out
            slot = link[1] if isinstance(link[1], int) else 0
            yield from self.words(given["negative" if slot == 1 else "positive"], deep + 1)
            return
        found = [list(self.words(given[way], deep + 1)) for way in PASS_ON if way in given]
        if "Concat" in kind:
            yield " BREAK ".join(words for part in found for words in part)
        else:
            yield from (words for part in found for words in part)

    # -- what is said

    def settings(self, first: Node, guider: Node) -> dict[str, str]:
        near = inputs(first)
        sigmas = self.follow(near.get("sigmas")) or {}
        chosen, noise = (inputs(self.follow(near.get(way)) or {}) for way in ("sampler", "noise"))
        given = {**inputs(sigmas), **chosen, **noise, **inputs(guider), **near}
        name = text_of(self.literal(given.get("sampler_name")))
        schedule = self.literal(given.get("scheduler")) or SCHEDULERS.get(str(sigmas.get("class_type")), "")
        sampler, label = names.comfy(name, text_of(schedule))
        pairs = {"Sampler": sampler, "Schedule type": label or ""}
        for key, title in (("steps", "Steps"), ("cfg", "CFG scale"), ("seed", "Seed"), ("noise_seed", "Seed")):
            value = self.literal(given.get(key))
            if value is not None:
                pairs[title] = said(value)
        for key, usual in (("denoise", 1), ("start_at_step", 0), ("add_noise", "enable")):
            value = self.literal(given.get(key))
            if value is not None and value != usual:
                pairs[key.replace("_", " ").capitalize()] = said(value)
        end = self.literal(given.get("end_at_step"))
        if isinstance(end, int) and str(end).isdigit() and end < int(float(pairs.get("Steps") or 0)):
            pairs["End at step"] = str(end)
        for key, title in (
            ("rho", "Schedule rho"),
            ("sigma_min", "Schedule min sigma"),
            ("sigma_max", "Schedule max sigma"),
        ):
            if key in inputs(sigmas):
                pairs[title] = said(self.literal(inputs(sigmas)[key]))
        return pairs

    def models(self, node: Node, pairs: dict[str, str]) -> None:
        """The checkpoint, and the LoRAs on the way to it."""
        found = []
        for step in self.up(inputs(node).get("model"), "model"):
            given = inputs(step)
            if "lora_name" in given:
                found.append(lora(self.literal(given["lora_name"]), self.literal(given.get("strength_model"))))
            for row in given.values():
                if isinstance(row, dict) and row.get("on") and "lora" in row:  # rgthree's loader of many
                    found.append(lora(row["lora"], row.get("strength")))
            for key in ("ckpt_name", "unet_name", "model_name"):
                if key in given:
                    pairs.setdefault("Model", model_name(self.literal(given[key])))
        pairs["LoRA"] = ", ".join(found)
        for key, other in self.nodes.items():
            if "vae_name" in inputs(other):
                self.used.add(key)
                pairs["VAE"] = text_of(self.literal(inputs(other)["vae_name"]))

    def clip(self, positive: Any, pairs: dict[str, str]) -> None:
        for node in self.up(positive, "clip", *PASS_ON, "positive"):
            stop = self.literal(inputs(node).get("stop_at_clip_layer"))
            if isinstance(stop, int) and stop < 0:
                pairs["Clip skip"] = str(-stop)
                return

    def canvas(self, first: Node, pairs: dict[str, str]) -> None:
        for node in self.latents(first):
            sides = [self.literal(inputs(node).get(side)) for side in ("width", "height")]
            if all(isinstance(side, int | float) for side in sides):
                pairs["Size"] = "x".join(said(side) for side in sides)
                return
            if picture := inputs(node).get("image"):
                pairs["Starting picture"] = text_of(picture)

    def strangers(self) -> list[str]:
        """Kinds of nodes that nothing above has looked at."""
        kinds = (str(node.get("class_type")) for key, node in self.nodes.items() if key not in self.used)
        seen = dict.fromkeys(kind[:80] for kind in kinds if not QUIET.search(kind))
        return [*seen][:40]
