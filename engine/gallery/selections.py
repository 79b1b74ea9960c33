"""Selections of pictures, each under a name that cannot be guessed, so that a link can fetch them."""

import secrets
import threading
from collections import OrderedDict

from engine.errors import NotFound

MOST = 200  # selections; the oldest goes first


class Selections:
    """In memory: they are made a moment before they are fetched."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, ids: tuple[str, ...]) -> str:
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._kept[token] = ids
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return token

    def get(self, token: str) -> tuple[str, ...]:
        with self._lock:
            ids = self._kept.get(token)
        if ids is None:
            raise NotFound("gallery.selection", "This selection is no longer known.", "Select the pictures again.")
        return ids
