"""Who is asking: the visitor, as everywhere. Plugins keep no cookie; api/access.py says who they are without one."""

from typing import Annotated

from fastapi import Depends, Request

from api.access import visitor


def owner(request: Request) -> str:
    return visitor(request)


Owner = Annotated[str, Depends(owner)]
