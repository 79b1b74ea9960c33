"""What a person may do: each role may do what those before it may."""

from typing import Literal, get_args

Role = Literal["viewer", "artist", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
SCOPES: dict[str, Role] = {"look": "viewer", "draw": "artist", "admin": "admin"}  # of a token


def enough(role: Role, need: Role) -> bool:
    return ROLES.index(role) >= ROLES.index(need)


def limited(role: Role, scope: str) -> Role:
    """What a token of this scope may do for a person of this role."""
    most = SCOPES.get(scope, "viewer")
    return role if enough(most, role) else most
