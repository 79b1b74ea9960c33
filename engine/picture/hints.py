"""Why a picture may look wrong: rules over what was asked and what the picture shows, each with its remedy.

A hint is a Problem: `field` is the parameter to change, `values["to"]` what to try, where one value is the obvious one.
"""

import re
from collections.abc import Callable, Iterator

from engine.errors import Problem
from engine.picture.flaws import Flaws
from engine.request.generation import GenerationRequest
from engine.request.samplers import FACTS
from engine.request.starts import FromMask, FromPicture
from engine.request.upscalers import LATENT_UPSCALERS

Size = tuple[int, int]
Hints = Iterator[Problem]
Rule = Callable[[GenerationRequest, Flaws, Size | None], Hints]
BURNT = 0.08  # share of the pixels
MODERATE = 7  # guidance up to which it is not to blame
SEEN = {"hint.flat", "hint.loud", "hint.pale", "hint.noise"}
WEIGHT = re.compile(r":\s*(\d+(?:\.\d+)?)\s*\)")
LORA = re.compile(r"<lora:[^:>]+:(-?\d+(?:\.\d+)?)")

HELD_BACK = Problem(
    code="hint.held",
    message="The safety checker held this picture back: its colours are all that was kept of it.",
    remedy="Change the prompt or the seed. The checker errs, too; an admin decides whose pictures it looks at.",
)


def hints(request: GenerationRequest | None, flaws: Flaws, model: Size | None) -> list[Problem]:
    """The likeliest first. request: None when it is not known, and then only what is seen is said; model: the size that
    the model draws best; None when it is not known."""
    found = [hint for rule in RULES for hint in rule(request or GenerationRequest(), flaws, model)]
    return found if request else [hint for hint in found if hint.code in SEEN]


def broken(request: GenerationRequest, flaws: Flaws, model: Size | None) -> Hints:
    if flaws.flat:
        yield Problem(
            code="hint.flat",
            message="The picture is one flat colour: numbers became too large on the way (NaN), or nothing was drawn.",
            remedy="Start the studio with --dtype float32; if that does not help, the model or its VAE is damaged.",
        )


def burnt(request: GenerationRequest, flaws: Flaws, model: Size | None) -> Hints:
    guidance = request.sampling.guidance
    if flaws.burnt > BURNT and guidance > MODERATE:
        yield Problem(
            code="hint.burnt",
            message=f"{flaws.burnt:.0%} of the pixels are burnt out: guidance {guidance:g} pushes colours past their end.",
            remedy="Lower the guidance.",
            field="guidance",
            values={"share": round(100 * flaws.burnt), "guidance": guidance, "to": 6},
        )
    elif guidance > 14:
        yield Problem(
            code="hint.guidance_high",
            message=f"Guidance {guidance:g} makes hard contrasts and artefacts with most models.",
            remedy="Try 5 to 9.",
            field="guidance",
            values={"guidance": guidance, "to": 7},
        )


def loud(request: GenerationRequest, flaws: Flaws, model: Size | None) -> Hints:
    """After the rules that name one setting, since these may be why."""
    if flaws.burnt > BURNT and request.sampling.guidance <= MODERATE:
        yield Problem(
            code="hint.loud",
            message=f"{flaws.burnt:.0%} of the pixels are burnt out, though guidance is moderate.",
            remedy="Look for heavy words or LoRAs; restoring with less saturation softens what is there.",
            values={"share": round(100 * flaws.burnt)},
        )


def pale(request: GenerationRequest, flaws: Flaws, model: Size | None) -> Hints:
    guidance, sampler = request.sampling.guidance, request.sampling.sampler
    if sampler == "LCM":
        if guidance > 3:
            yield Problem(
                code="hint.lcm_guidance",
                message=f"LCM is made for guidance 1 to 2; {guidance:g} burns its pictures.",
                remedy="Lower the guidance.",
                field="guidance",
                values={"guidance": guidance, "to": 1.5},
            )
    elif guidance < 3:
        yield Problem(
            code="hint.guidance_low",
            message=f"Guidance {guidance:g} is little: the picture wanders off the prompt and looks pale.",
            remedy="Raise the guidance.",
            field="guidance",
            values={"guidance": guidance, "to": 6},
        )
    elif flaws.spread < 18 and not flaws.flat:
        yield Problem(
            code="hint.pale",
            message="The picture has hardly any contrast.",
            remedy="Name light and colours in the prompt; restoring with auto levels spreads the tones.",
        )


def steps(request: GenerationRequest, flaws: Flaws, model: Size | None) -> Hints:
    sampler, asked = request.sampling.sampler, request.sampling.steps
    few = 4 if sampler == "LCM" else 15 if FACTS[sampler].eta else 10
    if asked < few and sampler != "DPM adaptive":
        yield Problem(
            code="hint.steps",
            message=f"{asked} steps are few for {sampler}: noise or blur is left.",
            remedy="Draw more steps.",
            field="steps",
            values={"steps": asked, "sampler": sampler, "to": 6 if sampler == "LCM" else 25},
        )
    elif flaws.noise > 7:
        yield Problem(
            code="hint.noise",
            message=f"Noise is left in the picture (sigma {flaws.noise:.0f} of 255).",
            remedy="Draw more steps, take another schedule (Karras), or restore with denoise.",
            field="schedule",
            values={"noise": round(flaws.noise), "to": "Karras"}
            if FACTS[sampler].automatic
            else {"noise": round(flaws.noise)},
        )


def size(request: GenerationRequest, flaws: Flaws, model: Size | None) -> Hints:
    width, height = request.canvas.width, request.canvas.height
    if not model or not width or not height:
        return
    own, area = model[0] * model[1], width * height
    told = {"width": width, "height": height, "own_width": model[0], "own_height": model[1]}
    if area > 2.2 * own and not isinstance(request.start, FromPicture | FromMask):
        yield Problem(
            code="hint.large",
            message=f"{width} x {height} is far above the model's own {model[0]} x {model[1]}: things appear twice.",
            remedy="Draw near its own size, then enlarge with a second pass.",
            field="width",
            values={**told, "to": model[0]},
        )
    elif area < 0.4 * own:
        yield Problem(
            code="hint.small",
            message=f"{width} x {height} is far below the model's own {model[0]} x {model[1]}: shapes fall apart.",
            remedy="Draw near its own size.",
            field="width",
            values={**told, "to": model[0]},
        )
    elif max(width, height) / min(width, height) > 2.2:
        yield Problem(
            code="hint.shape",
            message=f"{width} x {height} is a long shape: the model tends to draw things twice along it.",
            remedy="Draw less long, and let the picture grow by outpainting.",
            field="width",
            values={**told},
        )


def strength(request: GenerationRequest, flaws: Flaws, model: Size | None) -> Hints:
    start, hires = request.start, request.hires
    if isinstance(start, FromPicture) and start.strength < 0.2:
        yield Problem(
            code="hint.strength_low",
            message=f"Strength {start.strength:g} leaves the starting picture nearly as it was.",
            remedy="Raise the strength to 0.4 or more.",
            field="strength",
            values={"strength": start.strength, "to": 0.5},
        )
    if isinstance(start, FromPicture) and start.strength > 0.85 and request.image_guidance is None:
        yield Problem(
            code="hint.strength_high",
            message=f"Strength {start.strength:g} leaves little of the starting picture.",
            remedy="Lower the strength to 0.7 or less.",
            field="strength",
            values={"strength": start.strength, "to": 0.6},
        )
    if hires.on and hires.hires_upscaler in LATENT_UPSCALERS and hires.hires_strength < 0.5:
        yield Problem(
            code="hint.hires_soft",
            message=f"A latent upscaler blurs, and strength {hires.hires_strength:g} does not draw over all of it.",
            remedy="Raise the hires strength, or take a pixel upscaler.",
            field="hires_strength",
            values={"strength": hires.hires_strength, "to": 0.6},
        )
    if hires.on and hires.hires_upscaler not in LATENT_UPSCALERS and hires.hires_strength > 0.6:
        yield Problem(
            code="hint.hires_twice",
            message=f"With strength {hires.hires_strength:g} the second pass may draw small things anew, twice.",
            remedy="Lower the hires strength.",
            field="hires_strength",
            values={"strength": hires.hires_strength, "to": 0.4},
        )


def masks(request: GenerationRequest, flaws: Flaws, model: Size | None) -> Hints:
    start = request.start
    if not isinstance(start, FromMask):
        return
    if start.masked_content in ("latent noise", "latent nothing") and start.strength < 0.9:
        yield Problem(
            code="hint.masked_content",
            message=f"Under the mask began {start.masked_content}; strength {start.strength:g} leaves some of it as blotches.",
            remedy="Raise the strength to 1, or begin with the original or a fill.",
            field="strength",
            values={"content": start.masked_content, "strength": start.strength, "to": 1},
        )
    if start.mask_blur == 0 and not start.soft_inpainting:
        yield Problem(
            code="hint.seam",
            message="The mask has a hard edge, which shows as a seam.",
            remedy="Blur the mask.",
            field="mask_blur",
            values={"to": 6},
        )
    if start.inpaint_area == "Only masked" and start.masked_padding < 16:
        yield Problem(
            code="hint.padding",
            message=f"With {start.masked_padding} pixels around the mask the model does not see what it belongs to.",
            remedy="Raise the masked area padding.",
            field="masked_padding",
            values={"padding": start.masked_padding, "to": 48},
        )


def weights(request: GenerationRequest, flaws: Flaws, model: Size | None) -> Hints:
    heavy = [float(weight) for weight in WEIGHT.findall(request.words.prompt)]
    if heavy and max(heavy) > 1.5:
        yield Problem(
            code="hint.weight",
            message=f"A word weighs {max(heavy):g}: it may burn in or distort what is around it.",
            remedy="Keep weights between 0.7 and 1.4.",
            field="prompt",
            values={"weight": max(heavy)},
        )
    loras = [float(weight) for weight in LORA.findall(request.words.prompt)]
    if sum(map(abs, loras)) > 1.5:
        yield Problem(
            code="hint.loras",
            message=f"LoRAs of {sum(map(abs, loras)):g} in all pull at the model: colours and faces suffer.",
            remedy="Lower their weights to about 1 in all.",
            field="prompt",
            values={"weight": round(sum(map(abs, loras)), 2)},
        )
    if any(unit.weight > 1.4 for unit in request.control):
        yield Problem(
            code="hint.control",
            message="A control unit weighs more than 1.4: its lines may be burnt into the picture.",
            remedy="Lower its weight to 1, or let it end earlier.",
            field="control",
        )


RULES: tuple[Rule, ...] = (broken, burnt, pale, steps, size, strength, masks, weights, loud)
