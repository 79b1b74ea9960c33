"""A grid as one HTML file: pictures inside, axes as headers, no studio needed to look at it."""

import base64
import hashlib
import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.infotext import VERSION
from engine.request.schema import PARAMETERS

INLINE = 64 * 2**20  # bytes of pictures; of a larger grid only the thumbnails are taken along
NAMES = {
    "prompts": "Prompt",
    "replace": "Search and replace",
    "matrix": "Combinations",
    "cost": "Sampler at equal cost",
}
KINDS = {".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}

STYLE = """
:root { color-scheme: light dark; --size: 220px; --ink: light-dark(#1c1c1b, #f0f0ee); --quiet: light-dark(#595955, #a5a5a0);
  --ground: light-dark(#fafaf9, #131312); --line: light-dark(#e2e2df, #2b2b29); --mat: light-dark(#efeeec, #1a1a19); }
body { margin: 0; padding: 24px; font: 14px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
h1 { font: 500 22px/1.3 Georgia, serif; margin: 0 0 4px; overflow-wrap: anywhere; } h2 { font-size: 15px; margin: 28px 0 8px; }
p { margin: 0 0 12px; color: var(--quiet); overflow-wrap: anywhere; } label { color: var(--quiet); }
.table { overflow: auto; max-height: 92vh; } table { border-spacing: 6px; }
th { position: sticky; background: var(--ground); font-weight: 550; padding: 4px 8px; overflow-wrap: anywhere; max-width: var(--size); z-index: 1; }
thead th { top: 0; } tbody th { left: 0; text-align: left; max-width: 180px; } thead th:first-child { left: 0; z-index: 2; color: var(--quiet); font-weight: 400; }
td { padding: 0; text-align: center; } td div { width: var(--size); height: var(--size); display: grid; place-items: center; background: var(--mat); color: var(--quiet); }
td img { width: var(--size); height: auto; display: block; border-radius: 4px; cursor: zoom-in; }
dialog { padding: 0; border: 0; background: none; max-width: 96vw; max-height: 96vh; } dialog::backdrop { background: rgb(0 0 0 / .8); }
dialog img { max-width: 96vw; max-height: 94vh; display: block; }
"""
SCRIPT = """
const large = document.querySelector("dialog"), size = document.querySelector("input");
size.oninput = () => document.documentElement.style.setProperty("--size", size.value + "px");
document.addEventListener("click", (event) => {
  if (event.target.closest("dialog")) return large.close();
  if (event.target.closest("td img")) { large.firstElementChild.src = event.target.src; large.showModal(); }
});
"""


@dataclass(frozen=True)
class Picture:
    """text: its settings; state: what is said instead when there is no file."""

    state: str
    text: str = ""
    file: Path | None = None
    thumbnail: Path | None = None


def axis_name(what: str) -> str:
    return NAMES.get(what) or PARAMETERS[what].label


def page(title: str, facts: str, axes: Sequence[dict[str, Any]], pictures: Sequence[Picture]) -> Iterator[str]:
    """In pieces, a picture at a time. pictures: X fastest."""
    xs, ys, zs = [*(axis["points"] for axis in axes), [""], [""]][:3]
    names = [*(axis_name(axis["what"]) for axis in axes), "", ""][:3]
    small = sum(size_of(picture.file) for picture in pictures) > INLINE
    yield head(title or "Grid")
    yield f"<h1>{html.escape(title or 'Grid')}</h1><p>{html.escape(facts)}</p>"
    if small:
        yield "<p>The pictures are too many to take along in full size: these are their thumbnails.</p>"
    yield '<p><label>Size <input type="range" min="60" max="640" value="220"></label></p>'
    for z, page_label in enumerate(zs):
        if names[2]:
            yield f"<h2>{html.escape(names[2])}: {html.escape(page_label)}</h2>"
        corner = " \\ ".join(name for name in (names[1], names[0]) if name)
        yield f'<div class="table"><table><thead><tr><th scope="col">{html.escape(corner)}</th>'
        yield "".join(f'<th scope="col">{html.escape(label)}</th>' for label in xs) + "</tr></thead><tbody>"
        for y, row in enumerate(ys):
            yield f'<tr><th scope="row">{html.escape(row)}</th>'
            for x in range(len(xs)):
                yield cell(pictures[(z * len(ys) + y) * len(xs) + x], small)
            yield "</tr>"
        yield "</tbody></table></div>"
    yield f'<p>{html.escape(VERSION)}</p><dialog><img alt=""></dialog><script>{SCRIPT}</script></body></html>'


def head(title: str) -> str:
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="content-security-policy" content="{policy}">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>"
    )


def cell(picture: Picture, small: bool) -> str:
    path = picture.thumbnail if small else picture.file
    try:
        data = path.read_bytes() if path else None
    except OSError:
        data = None
    if path is None or data is None:
        return f"<td><div>{html.escape(picture.state)}</div></td>"
    kind, text = KINDS.get(path.suffix, "image/png"), html.escape(picture.text)
    return f'<td><img loading="lazy" title="{text}" alt="{text}" src="data:{kind};base64,{base64.b64encode(data).decode()}"></td>'


def size_of(path: Path | None) -> int:
    try:
        return path.stat().st_size if path else 0
    except OSError:
        return 0
