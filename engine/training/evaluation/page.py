"""The frame of a report: one HTML file that needs nothing else, light and dark, on a desk and on a phone."""

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from PIL import Image

from engine.training.evaluation.say import ENGLISH, Say

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
THUMBNAIL = 256  # pixels of the longer side
STYLE = """
:root { color-scheme: light dark; --paper: #fafaf9; --lift: #fff; --ink: #1c1c1b; --quiet: #595955; --line: #e5e5e2;
  --accent: #b9452f; --second: #2d6a8f; --warn: #8a5a00; font: 15px/1.55 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { :root { --paper: #131312; --lift: #1c1c1b; --ink: #f3f3f1; --quiet: #a5a5a0;
  --line: #33332f; --accent: #e88a72; --second: #7db7d9; --warn: #e0b050; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 40px 24px 80px; background: var(--paper); color: var(--ink); }
h1 { font: 500 30px/1.25 Georgia, serif; margin: 0 0 6px; overflow-wrap: anywhere; }
h2 { font: 500 21px/1.3 Georgia, serif; margin: 48px 0 14px; }
h3 { font-size: 15px; font-weight: 600; margin: 26px 0 8px; overflow-wrap: anywhere; }
p { margin: 0 0 12px; max-width: 72ch; overflow-wrap: anywhere; }
.quiet, figcaption, th { color: var(--quiet); } .quiet { font-size: 13px; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 14px 24px; margin: 22px 0 18px; }
.scroll + p { margin-top: 12px; }
dt { color: var(--quiet); font-size: 13px; } dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 7px 18px 7px 0; border-bottom: 1px solid var(--line); }
th { font-weight: 500; } td.number { white-space: nowrap; } .plain td { overflow-wrap: anywhere; } .numbers th[scope="row"] { min-width: 150px; }
code { font: 13px ui-monospace, monospace; } .weak { color: var(--quiet); } .weak .value { opacity: .6; }
.error { color: var(--accent); font-weight: 600; } .warning { color: var(--warn); font-weight: 600; }
pre { overflow-x: auto; padding: 12px; background: var(--lift); border: 1px solid var(--line); border-radius: 8px; font-size: 12px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 28px 36px; }
figure { margin: 0; } .plot figcaption { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; margin-bottom: 8px; }
.plot b { color: var(--ink); font-weight: 600; }
.key i { display: inline-block; width: 14px; height: 0; border-top: 2px solid; margin-right: 6px; vertical-align: middle; }
.area { display: grid; grid-template-columns: 52px 1fr; font-size: 12px; color: var(--quiet); font-variant-numeric: tabular-nums; }
.ys, .canvas { position: relative; height: 220px; } .ys span { position: absolute; right: 10px; transform: translateY(-50%); }
.canvas svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.canvas path { fill: none; vector-effect: non-scaling-stroke; stroke-width: 1.75; stroke-linejoin: round; }
.xs { grid-column: 2; position: relative; height: 26px; } .xs span { position: absolute; top: 6px; transform: translateX(-50%); }
.xs span:first-child { transform: none; } .xs span:last-child { transform: translateX(-100%); }
.canvas .grid { stroke: var(--line); stroke-width: 1; } .canvas .mark { stroke: var(--quiet); stroke-dasharray: 3 4; stroke-width: 1; }
.first { stroke: var(--accent); color: var(--accent); } .second { stroke: var(--second); color: var(--second); }
.faint { stroke: var(--quiet); color: var(--quiet); } path.faint { opacity: .45; stroke-width: 1; }
.dot { position: absolute; width: 7px; height: 7px; border-radius: 50%; background: currentColor; transform: translate(-50%, -50%); }
.word { position: absolute; top: 0; padding: 0 6px; font-size: 12px; white-space: nowrap; } .word.left { transform: translateX(-100%); }
.samples { width: auto; } .samples td, .samples th { border: 0; padding: 0 6px 6px 0; }
.samples .prompt { padding-top: 12px; color: var(--ink); font-weight: 400; }
.samples .prompt span { position: sticky; left: 0; display: inline-block; max-width: min(70ch, calc(100vw - 48px)); overflow-wrap: anywhere; }
img { display: block; border-radius: 6px; background: var(--line); max-width: none; }
.cell { width: 128px; height: 128px; object-fit: contain; }
.gone { display: grid; place-content: center; border: 1px dashed var(--line); border-radius: 6px; font-size: 12px; color: var(--quiet); }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(214px, 1fr)); gap: 20px; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); gap: 18px 14px; }
.gallery figcaption { font-size: 12px; margin-top: 5px; overflow-wrap: anywhere; }
.pairs div { display: flex; gap: 4px; } .pairs .cell { width: 104px; height: 104px; }
.pairs figcaption { font-size: 12px; margin-top: 4px; overflow-wrap: anywhere; }
@media (max-width: 600px) { .plain thead { display: none; } .plain tr { display: block; padding: 8px 0; border-bottom: 1px solid var(--line); }
  .plain td { display: block; border: 0; padding: 0; } .plain td:empty { display: none; } .plain td:first-child { font-weight: 550; }
  .plain td[data-head]:not([data-head=""])::before { content: attr(data-head) ": "; color: var(--quiet); } .plain td.error, .plain td.warning { font-weight: 600; }
  body { padding: 24px 16px 56px; } h1 { font-size: 25px; } h2 { margin-top: 38px; } }
"""


def page(title: str, body: Iterable[str], say: Say = ENGLISH) -> str:
    """title: as people wrote it. body: HTML."""
    return (
        f'<!doctype html><html lang="{escape(say.language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>{''.join(body)}</body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    """Nothing when there is nothing in it."""
    inside = "".join(parts)
    return f"<section><h2>{escape(title)}</h2>{inside}</section>" if inside else ""


def facts(rows: Iterable[tuple[str, str]]) -> str:
    inside = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows if value)
    return f"<dl>{inside}</dl>"


def paragraph(text: str, look: str = "") -> str:
    return f'<p class="{look}">{escape(text)}</p>' if text else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Plain text in every cell. On a phone the cells of a row stand below each other."""
    told = [
        "".join(f'<td data-head="{escape(n)}">{escape(cell)}</td>' for n, cell in zip(head, row, strict=True))
        for row in rows
    ]
    return raw_table(head, told, kind="plain")


def raw_table(head: Sequence[str], rows: Sequence[str], looks: Sequence[str] = (), kind: str = "numbers") -> str:
    """rows: the HTML of their cells; looks: of whole rows."""
    if not rows:
        return ""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    classes = [*looks, *[""] * (len(rows) - len(looks))]
    body = "".join(f'<tr class="{look}">{row}</tr>' for row, look in zip(rows, classes, strict=True))
    return scroll(f'<table class="{kind}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>')


def scroll(inside: str) -> str:
    return f'<div class="scroll" tabindex="0">{inside}</div>'


def grid(columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Pictures below the text that they were drawn for; cells: HTML."""
    if not rows:
        return ""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th class="prompt" colspan="{len(columns)}"><span>{escape(text)}</span></th></tr>'
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        for text, cells in rows
    )
    return scroll(f'<table class="samples"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>')


def picture(folder: Path, name: str, alt: str, say: Say = ENGLISH) -> str:
    """Small, as a data URL. A picture that is gone, damaged or elsewhere leaves its place empty."""
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise OSError(f"{name} lies elsewhere")
        with Image.open(path, formats=("PNG", "WEBP", "JPEG")) as opened:
            small = opened.convert("RGB")
        small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
        written = io.BytesIO()
        small.save(written, "WEBP", quality=85)
    except (OSError, ValueError, Image.DecompressionBombError):
        return f'<div class="cell gone">{escape(say("gone"))}</div>'
    data = base64.b64encode(written.getvalue()).decode()
    return f'<img class="cell" src="data:image/webp;base64,{data}" alt="{escape(alt)}">'
