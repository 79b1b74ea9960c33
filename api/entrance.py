"""The pages before the page: to sign in, and to make the first admin. They hold no script but their own."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import HTMLResponse


def entrance(pages: Mapping[str, str]) -> APIRouter:
    """pages: HTML by path."""
    router = APIRouter(include_in_schema=False)
    for path, html in pages.items():
        headers = {"content-security-policy": policy(html), "cache-control": "no-cache"}
        router.add_api_route(path, shown(html, headers), methods=["GET"], response_class=HTMLResponse)
    return router


def shown(html: str, headers: Mapping[str, str]) -> Callable[[], HTMLResponse]:
    def show() -> HTMLResponse:
        return HTMLResponse(html, headers=dict(headers))

    return show


def policy(html: str) -> str:
    """The styles and scripts that stand in it, by their digests, and nothing else."""

    def digests(element: str) -> str:
        found = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
        return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in found)

    return (
        f"default-src 'none'; script-src {digests('script')}; style-src {digests('style')}; img-src data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
