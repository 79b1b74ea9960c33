"""Passwords and secrets: argon2id for what people choose, SHA-256 for what is drawn with 256 bits of chance.

OWASP's Password Storage Cheat Sheet: argon2id with at least 19 MiB, two passes, one lane.
"""

import hashlib
import hmac
import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import BadRequest

SHORTEST, LONGEST = 10, 256  # characters of a password
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that are taken for another
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """59 bits that can be read aloud: ABCD-EFGH-JKMN."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def code_digest(code: str) -> str:
    """However it was typed: small letters, spaces, without the dashes."""
    return digest("".join(sign for sign in code.upper() if sign.isalnum()))


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def tidy(password: str) -> str:
    """The same password from every keyboard (NIST SP 800-63B: normalise before hashing)."""
    return unicodedata.normalize("NFKC", password)


def hashed(password: str, name: str) -> str:
    """Takes a tenth of a second and 19 MiB. Raises BadRequest for a password that is easily guessed."""
    text = tidy(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise BadRequest(
            "people.password_length",
            f"A password has {SHORTEST} to {LONGEST} characters.",
            "A few words in a row are easy to keep in mind.",
            field="password",
            shortest=SHORTEST,
            longest=LONGEST,
        )
    if len(set(text)) < 4 or text.casefold().strip() == name.casefold():
        raise BadRequest(
            "people.password_weak",
            "This password is easily guessed.",
            "Take one that is neither the name nor one sign repeated.",
            field="password",
        )
    return HASHER.hash(text.encode("utf-8", "replace"))


def matches(stored: str | None, password: str) -> bool:
    """None: nobody has that name, or no password yet; it takes as long as a wrong password, and is one."""
    text = tidy(password[: LONGEST + 1])
    try:
        right = HASHER.verify(stored or nobody(), text.encode("utf-8", "replace"))
    except (VerificationError, InvalidHashError):
        return False
    return right and bool(stored) and len(password) <= LONGEST


@cache
def nobody() -> str:
    """The hash of a secret that no one knows."""
    return HASHER.hash(new_secret())
