"""Programs that speak AUTOMATIC1111's API: where they come in, and who they are in a studio without accounts."""

import hmac
import secrets

from starlette.types import Scope

PATHS = ("/sdapi/", "/controlnet/", "/internal/")  # pictures inside JSON, and fields called "url" that name no file
SECRET = secrets.token_bytes(32)


def one_of_them(scope: Scope) -> bool:
    return scope["path"].startswith(PATHS)


def stranger(scope: Scope) -> str:
    """They keep no cookie: all that come from one address are one visitor, until the server ends."""
    client = scope.get("client") or ("", 0)
    return hmac.new(SECRET, str(client[0]).encode(), "sha256").hexdigest()[:32]
