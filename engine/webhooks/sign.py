"""Signatures after the Standard Webhooks specification, so that existing libraries verify them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path


class Sealer:
    """Each owner has a secret of their own, made of the installation's key; the key is a file that only we may read."""

    def __init__(self, path: Path):
        self.key = kept(path)

    def secret(self, owner: str) -> str:
        return f"whsec_{base64.b64encode(self._secret(owner)).decode()}"

    def headers(self, owner: str, message: str, now: int, body: bytes) -> dict[str, str]:
        """message: its id, the same at each try; now: seconds since 1970."""
        content = f"{message}.{now}.".encode() + body
        signature = hmac.new(self._secret(owner), content, hashlib.sha256).digest()
        return {
            "webhook-id": message,
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
        }

    def _secret(self, owner: str) -> bytes:
        return hmac.new(self.key, b"webhook " + owner.encode(), hashlib.sha256).digest()


def kept(path: Path) -> bytes:
    """The key, made at the first start."""
    if path.is_file() and len(key := path.read_bytes()) == 32:
        return key
    key, part = secrets.token_bytes(32), path.with_name(f"{path.name}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return key
