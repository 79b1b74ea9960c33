"""What a proxy says of its client: believed from those that were named at the start, thrown away from all others."""

import ipaddress

from starlette.types import Scope

from api.access import Access

SAID = frozenset({b"forwarded", b"x-real-ip", b"x-gradio-server"})


def as_the_client_sent_it(scope: Scope, access: Access) -> Scope:
    """A scope of its own: without the proxies' headers, with the client's address and scheme, its path below ours."""
    said = {name: value.decode("latin-1") for name, value in scope["headers"] if from_proxy(name)}
    fresh = {**scope, "headers": [pair for pair in scope["headers"] if not from_proxy(pair[0])]}
    client = (scope.get("client") or ("", 0))[0]
    if said and address(client) in access.proxies:
        fresh["client"] = (first_stranger(said.get(b"x-forwarded-for", ""), access) or client, 0)
        scheme = said.get(b"x-forwarded-proto", "").strip().lower()
        if scheme in ("http", "https"):
            fresh["scheme"] = scheme
    below = access.root_path
    if below and (
        fresh["path"] == below or fresh["path"].startswith(below + "/")
    ):  # a proxy may leave it, or take it off
        fresh["path"] = fresh["path"].removeprefix(below)
    return fresh


def first_stranger(chain: str, access: Access) -> str:
    """From the right, as each proxy writes at the end: what lies behind the first that is not ours, anybody could write."""
    for name in reversed(chain.split(",")):
        if (found := address(name)) and found not in access.proxies:
            return found
        if not found:
            break
    return ""


def address(text: str) -> str:
    """In one spelling; empty for what is none."""
    try:
        found = ipaddress.ip_address(text.strip().strip("[]").split("%")[0])
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)


def from_proxy(name: bytes) -> bool:
    return name.startswith(b"x-forwarded-") or name in SAID
