"""C2PA by the library of the Content Authenticity Initiative: a manifest that is signed, and one that is read.

Nothing is fetched from anywhere: no remote manifests, no revocation lists, no time authority."""

import io
import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from engine.metadata.xmp import VOCABULARY
from engine.provenance.keys import Keys

QUIET = {"remote_manifest_fetch": False, "ocsp_fetch": False}
PARENT = "before"  # the label by which the action names what was there before
MIME = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif", "TIFF": "image/tiff"}
MIME["AVIF"] = "image/avif"


def manifest(mime: str, source: str, parent: bool) -> dict[str, Any]:
    """What is claimed: made by a model, or opened and edited with one. No prompt, no name of a file or a person."""
    kind = {"digitalSourceType": VOCABULARY + source}
    opened: dict[str, Any] = {"action": "c2pa.opened", "parameters": {"ingredientIds": [PARENT]}}
    actions = [opened, {"action": "c2pa.edited", **kind}] if parent else [{"action": "c2pa.created", **kind}]
    return {
        "claim_generator_info": [{"name": "Atelier", "version": release()}],
        "format": mime,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def release() -> str:
    try:
        return version("atelier")
    except PackageNotFoundError:  # it runs from its folder
        return "0.1.0"


def signed(file: bytes, mime: str, source: str, keys: Keys, parent: tuple[bytes, str] | None) -> bytes:
    """parent: what was there before, and its type; its own manifest goes in with it. Raises C2paError."""
    from c2pa import Builder, C2paSignerInfo, C2paSigningAlg, Context, Settings, Signer

    settings = {"builder": {"thumbnail": {"enabled": False}}, "verify": {**QUIET, "verify_after_sign": False}}
    who = C2paSignerInfo(C2paSigningAlg.ES256, keys.chain, keys.key, None)
    claim, written = json.dumps(manifest(mime, source, parent is not None)), io.BytesIO()
    context = Context(Settings.from_dict(settings))
    with context, Signer.from_info(who) as signer, Builder(claim, context) as builder:
        if parent:
            said = {"relationship": "parentOf", "label": PARENT}
            builder.add_ingredient(json.dumps(said), parent[1], io.BytesIO(parent[0]))
        builder.sign(signer, mime, io.BytesIO(file), written)
    return written.getvalue()


def read(file: bytes, mime: str, authority: bytes) -> dict[str, Any]:
    """{"state", "problems", "report"}, or {"error"}. authority: PEM of whom is trusted, b"" for nobody."""
    from c2pa import C2paError, Context, Reader, Settings

    settings: dict[str, Any] = {"verify": {**QUIET, "verify_trust": True}}
    if authority:
        settings["trust"] = {"trust_anchors": authority.decode()}
    try:
        with (
            Context(Settings.from_dict(settings)) as context,
            Reader(mime, io.BytesIO(file), context=context) as reader,
        ):
            results = (reader.get_validation_results() or {}).get("activeManifest", {})
            problems = [str(one.get("code")) for one in results.get("failure", [])]
            return {"state": reader.get_validation_state(), "problems": problems, "report": json.loads(reader.json())}
    except C2paError as error:
        return {"error": str(error)[:200]}
