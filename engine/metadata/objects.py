"""What the tools that write JSON share: reading it without harm, and its values as words."""

import json
import re
from collections.abc import Mapping
from typing import Any

from engine.infotext import whole

SILENT = (None, "", False, [], {})  # say nothing worth listing


def object_of(text: str | None) -> dict[str, Any] | None:
    """The JSON object in `text`, or None: for other text, for nesting too deep, for numbers too long."""
    text = (text or "").strip()
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def said(value: Any) -> str:
    """As AUTOMATIC1111 would write it: 7 for 7.0, True, text as it is, the rest as short JSON."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, dict | list):
        try:
            return whole(json.dumps(value, ensure_ascii=False))
        except (ValueError, RecursionError):
            return "{…}"
    return whole(str(value))


def text_of(value: Any) -> str:
    return whole(value).strip() if isinstance(value, str) else ""


def pairs_of(values: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, str]:
    """The values under `keys`' names for them, and all others under their own; what says nothing is left out."""
    return {keys.get(name, whole(name)): said(value) for name, value in values.items() if value not in SILENT}


def size(values: dict[str, Any], pairs: dict[str, str], width: str = "width", height: str = "height") -> None:
    """Takes both sides out of `values` and puts "Size" into `pairs`."""
    across, down = values.pop(width, None), values.pop(height, None)
    if across and down:
        pairs["Size"] = f"{said(across)}x{said(down)}"


def model_name(value: Any) -> str:
    """Of a path, as other machines write it: without the suffix, with slashes."""
    return re.sub(r"\.(safetensors|ckpt|pt|gguf)$", "", text_of(value).replace("\\", "/"))


def lora(name: Any, strength: Any = None, digest: Any = None) -> str:
    weight = f" ({said(strength)})" if isinstance(strength, int | float | str) and said(strength) else ""
    return f"{model_name(name)}{weight}" + (f" [{text_of(digest)}]" if text_of(digest) else "")
