"""Draw Things: JSON in the exif:UserComment of an XMP packet, which a PNG carries as text."""

import html
import re
from collections.abc import Mapping

from engine.infotext import Text
from engine.metadata import names
from engine.metadata.objects import lora, model_name, object_of, pairs_of, text_of

PACKET = "XML:com.adobe.xmp"
START, END = re.compile(r"<rdf:li[^>]{0,200}>"), "</rdf:li>"
KEYS = {"steps": "Steps", "scale": "CFG scale", "seed": "Seed", "size": "Size", "strength": "Denoising strength"}


def find(texts: Mapping[str, str]) -> Text | None:
    """No XML parser reads this: of a packet only one element counts, and entities are no more than letters."""
    packet = texts.get(PACKET, "")
    at = packet.find("<exif:UserComment>")
    opened = START.search(packet, at) if at >= 0 else None
    if opened is None:
        return None
    values = object_of(html.unescape(packet[opened.end() : packet.find(END, opened.end())]))
    if values is None or "c" not in values:
        return None
    prompt, negative = text_of(values.pop("c")), text_of(values.pop("uc", ""))
    name, schedule = names.automatic(text_of(values.pop("sampler", "")))
    pairs = {"Sampler": name, "Schedule type": schedule or "", "Model": model_name(values.pop("model", ""))}
    rows = values.pop("lora", None)
    pairs["LoRA"] = ", ".join(
        lora(row.get("file") or row.get("model"), row.get("weight"))
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    )
    pairs |= pairs_of(values, KEYS)
    if pairs.get("Denoising strength") == "1":
        del pairs["Denoising strength"]
    return Text(prompt, negative, {key: value for key, value in pairs.items() if value}, "Draw Things")
