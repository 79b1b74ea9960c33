"""Files that a request names: Gradio would read them from the disk, so only what was uploaded may be named."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from api.answer import Refused


class NamedFiles:
    """Gradio reads a file that a request names by path or URL. Only what was uploaded may be named.

    Gradio's own check depends on how it is served and on the component; this one looks at every JSON body that may reach
    Gradio. Bodies of our own API have to be JSON, and may name what they like.
    """

    def __init__(self, uploads: Path | None, host: str, gradio: bool = True):
        self.uploads = real(uploads) if uploads else None
        self.host = host
        self.gradio = gradio

    def check(self, content: bytes) -> Any:
        """The JSON that is in it, as the application will read it. Raises Refused."""
        try:
            return json.loads(content, object_pairs_hook=self.check_pairs if self.gradio else None)
        except (ValueError, RecursionError):
            raise Refused(400, "json.invalid", "The request is not valid JSON.") from None

    def check_pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Each pair by itself: a key may come twice."""
        for key, value in pairs:
            if (key == "path" and not self.uploaded(value)) or (key == "url" and not self.ours(value)):
                raise Refused(400, "file.foreign", "This file was not uploaded.", "Upload it first.")
        return dict(pairs)

    def uploaded(self, path: Any) -> bool:
        if not path:
            return True
        if not isinstance(path, str) or not self.uploads or "\0" in path:
            return False
        return real(path).startswith(self.uploads + os.sep)

    def ours(self, url: Any) -> bool:
        if not url:
            return True
        if not isinstance(url, str):
            return False
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if parts.scheme in ("http", "https"):
            return parts.netloc == self.host
        return parts.scheme in ("", "data") and not parts.netloc


def real(path: str | Path) -> str:
    """Without links and dots; on Windows also without differences of case."""
    return os.path.normcase(os.path.realpath(path))
