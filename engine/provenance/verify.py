"""Where a picture is from, as far as its file tells: every mark that it carries, and what they are worth together."""

import html
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.errors import BadRequest
from engine.metadata.read import settings_of
from engine.metadata.xmp import BY_A_MODEL, source_in, xmp_in
from engine.picture.open import header
from engine.picture.texts import texts_of
from engine.provenance.apart import read_apart
from engine.provenance.content import MIME
from engine.provenance.keys import authority_of
from engine.provenance.sign import MANIFEST

ABSENT = ("ManifestNotFound", "provenance not found")
STATES = {"Trusted": "trusted", "Valid": "untrusted", "Invalid": "broken"}
LABEL = re.compile(r"AIGC\s{0,9}(?:=\s{0,9}\"([^\"<]{1,4000})\"|=\s{0,9}'([^'<]{1,4000})'|>([^<]{1,4000})<)")
LONGEST, MOST, TRIES = 300, 20, 20


def verify(data: bytes, keys: Path) -> dict[str, Any]:
    """JSON-ready. keys: the folder of the studio's own, by which it knows its signatures. Raises BadRequest for what is
    no picture; hostile marks are read as far as they make sense.

    verdict: "here" (signed by this studio), "signed" (by somebody unknown), "broken" (signed, but changed since or
    unreadable), "label" (a model's by its own words), "enhanced", "settings" (as a model's picture has), "other"
    (labelled as something else), "nothing"."""
    picture = header(data)
    texts = texts_of(data)
    signature = signature_of(data, picture.format or "", keys)
    source, label = source_in(data, texts), label_in(xmp_in(data, texts), texts.found.get("AIGC", ""))
    told: dict[str, Any] = {
        "format": picture.format or "",
        "width": picture.width,
        "height": picture.height,
        "signature": signature,
        "source": source,
        "label": label,
        "settings": told_settings(data),
        "texts": sorted(name[:LONGEST] for name in texts.found)[:MOST],
    }
    return {**told, "verdict": verdict(told)}


def verdict(told: dict[str, Any]) -> str:
    by_signature = {"trusted": "here", "untrusted": "signed", "broken": "broken"}
    if told["signature"]:
        return by_signature[told["signature"]["state"]]
    if told["source"] in BY_A_MODEL or told["label"]:
        return "label"
    if told["settings"]:
        return "settings"
    return {"": "nothing", "algorithmicallyEnhanced": "enhanced"}.get(told["source"], "other")


def signature_of(data: bytes, kind: str, keys: Path) -> dict[str, Any] | None:
    """None where there is none. claims: what the signer says was done, in order; before: pictures that it was made of."""
    if MANIFEST not in data or kind not in MIME:
        return None
    found = read_apart(data, MIME[kind], authority_of(keys))
    if error := found.get("error"):
        return None if any(word in error for word in ABSENT) else {"state": "broken", "problems": ["unreadable"]}
    report = found["report"]
    active = report.get("manifests", {}).get(report.get("active_manifest"), {})
    by, tools = active.get("signature_info") or {}, active.get("claim_generator_info") or [{}]
    return {
        "state": STATES.get(found["state"], "broken"),
        "problems": [short(problem) for problem in found["problems"]][:MOST],
        "by": short(by.get("common_name") or by.get("issuer") or ""),
        "when": short(by.get("time") or ""),
        "tool": short(" ".join(str(tools[0].get(name, "")) for name in ("name", "version")).strip()),
        "claims": claims_in(active)[:MOST],
        "before": len(active.get("ingredients") or []),
    }


def claims_in(manifest: dict[str, Any]) -> list[dict[str, str]]:
    made = []
    for assertion in manifest.get("assertions") or []:
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in assertion.get("data", {}).get("actions") or []:
                source = str(action.get("digitalSourceType") or "").rsplit("/", 1)[-1]
                made.append({"action": short(action.get("action")), "source": short(source)})
    return made


def label_in(xmp: str, text: str) -> dict[str, str] | None:
    """The AIGC label of GB 45438-2025: JSON in a text of its name, or in XMP."""
    candidates, at = [text], 0
    for _ in range(TRIES):
        at = xmp.find("AIGC", at)
        if at < 0:
            break
        if match := LABEL.match(xmp, at):
            candidates.append(html.unescape(next(group for group in match.groups() if group)))
        at += 4
    for candidate in candidates:
        with suppress(ValueError, RecursionError):
            found = json.loads(candidate[: LONGEST * MOST])
            if isinstance(found, dict) and "Label" in found:
                return {short(name): short(value) for name, value in list(found.items())[:MOST]}
    return None


def told_settings(data: bytes) -> dict[str, str] | None:
    try:
        reading = settings_of(data)
    except BadRequest:  # texts too long to be settings
        return None
    if reading is None:
        return None
    prompt = str(reading.values.get("prompt") or reading.leftovers.get("Prompt", ""))
    return {"tool": short(reading.tool), "prompt": short(prompt)}


def short(value: Any) -> str:
    text = str(value or "")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
