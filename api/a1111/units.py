"""ControlNet units as sd-webui-controlnet's API takes them, in the words of the request schema."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from api.a1111.errors import Invalid, refused
from api.a1111.loans import Loans
from engine.control_text import FORMER_FITS, name_of
from engine.request.control import LARGEST, MOST_UNITS, SMALLEST
from engine.request.preprocessors import PREPROCESSORS
from engine.request.schema import CONTROLS

CONTROLNET = "controlnet"
SELECTABLE = ("controlnet m2m",)
FITS, MODES = CONTROLS["resize_mode"].choices, CONTROLS["mode"].choices
THEIRS: dict[str, str] = {known.a1111: name for name, known in CONTROLS.items() if known.a1111}
ALSO: dict[str, str] = {"guidance": "guidance_end", "input_image": "image", "mask_image": "mask", "lowvram": "low_vram"}
HASH = re.compile(r"\[[0-9a-fA-F]{8,10}\]\s*$")
JUDGED = ("image", "processor_res", "threshold_a", "threshold_b")  # -1 and what is out of range have a meaning there
NOT_HERE = ("advanced_weighting", "effective_region_mask", "ipadapter_input")


def scripts_of(asked: Mapping[str, Any]) -> list[Any]:
    """The arguments of ControlNet. Raises 422, as there, for scripts that are not here."""
    name = asked["script_name"]
    if name:
        raise refused(f"Script '{str(name)[:60]}' not found")
    units: list[Any] = []
    for title, given in (asked["alwayson_scripts"] or {}).items():
        if title.lower() in SELECTABLE:
            raise refused("Cannot have a selectable script in the always on scripts params")
        if title.lower() != CONTROLNET:
            raise refused(f"always on script {title[:60]} not found")
        args = given.get("args", []) if isinstance(given, Mapping) else None
        if not isinstance(args, list):
            raise Invalid.at("alwayson_scripts.ControlNet.args", "Input should be a valid list", "list_type")
        units = args
    return units


def units_of(given: Sequence[Any], loans: Loans, starts: bool) -> tuple[list[dict[str, Any]], list[bool]]:
    """The enabled units by our names, and of which the map is wanted. starts: there is a picture to start from."""
    units, maps = [], []
    for at, values in enumerate(given[:MOST_UNITS]):
        if not isinstance(values, Mapping):
            raise Invalid.at(f"alwayson_scripts.ControlNet.args.{at}", "Input should be a valid dictionary")
        told = {ALSO.get(str(name), str(name)): value for name, value in values.items() if value is not None}
        if told.get("enabled", True):
            units.append(unit_of(told, loans, starts, f"alwayson_scripts.ControlNet.args.{at}"))
            maps.append(told.get("save_detected_map", True) is not False)
    return units, maps


def unit_of(values: Mapping[str, Any], loans: Loans, starts: bool, where: str) -> dict[str, Any]:
    for name in NOT_HERE:
        if values.get(name):
            raise Invalid.at(f"{where}.{name}", f"{name} is not here; leave it out.")
    model = HASH.sub(lambda found: found[0].lower(), str(values.get("model", "None")))
    if model.strip().lower() == "none":
        raise Invalid.at(f"{where}.model", "You have not selected any ControlNet Model.")
    told: dict[str, Any] = {"pixel_perfect": False}
    told |= {THEIRS[name]: value for name, value in values.items() if name in THEIRS and name not in JUDGED}
    told["preprocessor"] = module_of(values.get("module", "none"))
    told["model"], told["model_hash"] = name_of(model)
    told["resize_mode"] = chosen(values.get("resize_mode", FITS[1]), FITS, FORMER_FITS)
    told["mode"] = chosen(values.get("control_mode", MODES[0]), MODES, {})
    told |= numbers(values.get("processor_res"), values.get("threshold_a"), values.get("threshold_b"))
    picture = first(values.get("image"))
    if picture:
        told["picture"] = loans.bring_text(picture)
    elif not starts:
        raise Invalid.at(f"{where}.image", "controlnet is enabled but no input image is given")
    return told


def module_of(name: Any) -> str:
    """ "invert (from white bg & black line)" is its label there."""
    plain = str(name).split(" (")[0].strip().lower()
    if plain not in PREPROCESSORS:
        raise refused("Module not available")
    return plain


def numbers(resolution: Any, a: Any, b: Any) -> dict[str, Any]:
    """What is negative or out of every range stands for the module's own."""

    def within(value: Any, low: float, high: float) -> Any:
        return value if isinstance(value, int | float) and low <= value <= high else None

    told = {"resolution": within(resolution, SMALLEST, LARGEST)}
    told |= {"threshold_a": within(a, 0, 255), "threshold_b": within(b, 0, 255)}
    return {name: int(value) if name == "resolution" else value for name, value in told.items() if value is not None}


def chosen(value: Any, choices: Sequence[str], former: Mapping[str, str]) -> Any:
    """By number, by name, or by the name that it had once."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(choices):
        return choices[value]
    return former.get(value, value) if isinstance(value, str) else value


def first(image: Any) -> Any:
    """Of a text, {"image", "mask"}, [image, mask] or a list of such."""
    while isinstance(image, list | Mapping):
        image = image.get("image") if isinstance(image, Mapping) else next(iter(image), None)
    return image
