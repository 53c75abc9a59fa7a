"""Owns the page that shows a run's files."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

_PAGE = """<!doctype html><meta charset="utf-8"><title>genrelay: what the run made</title>
<style>body{{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem;background:#fafafa}}
figure{{margin:2rem 0}}img,video{{max-width:100%;border-radius:8px;box-shadow:0 2px 12px #0003}}
figcaption{{color:#555}}</style><h1>What the run made</h1>{figures}"""


def write_gallery(folder: Path, rows: Sequence[tuple[str, str, Sequence[Path]]]) -> Path:
    """An index.html beside the files, from (title, prompt, files) rows; its path."""
    figures = []
    for title, prompt, files in rows:
        shown = "".join(_shown(path) for path in files) or "<em>refused, refunded</em>"
        figures.append(f"<figure>{shown}<figcaption><b>{escape(title)}</b>: {escape(prompt)}</figcaption></figure>")
    page = folder / "index.html"
    page.write_text(_PAGE.format(figures="".join(figures)), "utf-8")
    return page


def _shown(path: Path) -> str:
    name = escape(path.name, quote=True)
    if path.suffix in (".mp4", ".webm"):
        return f'<video src="{name}" controls loop></video>'
    if path.suffix == ".txt":
        return f"<pre>{escape(path.read_text('utf-8'))}</pre>"
    return f'<audio src="{name}" controls></audio>' if path.suffix == ".mp3" else f'<img src="{name}" alt="">'
