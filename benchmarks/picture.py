"""python -m benchmarks.picture: runs the main job once, and draws what it printed and made as docs/run.svg."""

from __future__ import annotations

import base64
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

import av
from PIL import Image
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from benchmarks.cloud import ROOT

PICTURE = ROOT / "docs/run.svg"
COLUMNS = 80
THUMBNAIL, GAP, CAPTION = 150, 12, 26  # pixels
PLAIN_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"  # no font is fetched from anywhere
COLOURS = {
    r"●|succeeded|signed|the ledger agrees to the nano|(?<=━)━|━(?=━)|(?P<all>\d+) of (?P=all)": "green",
    r"failed|refunded": "yellow",
    r"^(task|               family).*": "bold",
    r"^make run": "bold",
    r"^fetched.*|^balance.*(?=;)": "dim",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "COLUMNS": str(COLUMNS), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "local", "run"]
        done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
        made = sorted(
            (path for path in (Path(folder) / "out").iterdir() if re.match(r"\d+-(image|video)\.", path.name)),
            key=_number,
        )
        PICTURE.write_text(draw(done.stdout, made), "utf-8")
    Console().print(f"drew {PICTURE.relative_to(ROOT)}, {PICTURE.stat().st_size >> 10} KB")


def _number(path: Path) -> int:
    return int(path.name.partition("-")[0])


def draw(printed: str, files: Sequence[Path]) -> str:
    """One SVG: the terminal, and under it the files, films by their first frame."""
    terminal = _terminal(printed)
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', terminal)
    if not size:
        raise ValueError("the terminal was drawn without a size")
    width, below = float(size[1]), float(size[2])
    step, line = THUMBNAIL + GAP, THUMBNAIL + CAPTION
    columns = int((width + GAP) // step)
    left = (width - columns * step + GAP) / 2
    places = [divmod(index, columns) for index in range(len(files))]
    shown = [
        _figure(path, left + column * step, below + GAP + row * line)
        for path, (row, column) in zip(files, places, strict=True)
    ]
    height = below + GAP + (places[-1][0] + 1 if places else 0) * line
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'font-family="{PLAIN_FONT}">\n{terminal}\n{"".join(shown)}</svg>\n'
    )


def _terminal(printed: str) -> str:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False)
    for line in ("$ make run", *printed.strip().splitlines()):
        text = Text(line.rstrip())
        for words, style in COLOURS.items():
            text.highlight_regex(words, style)
        console.print(text)
    drawn = console.export_svg(title="genrelay", theme=SVG_EXPORT_THEME, unique_id="run")
    drawn = re.sub(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", "", drawn, flags=re.DOTALL)
    drawn = drawn.replace("Fira Code, monospace", PLAIN_FONT)
    # nested in ours, so it must say its size itself
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)
    return re.sub(r"<svg ", f'<svg width="{size[1]}" height="{size[2]}" ', drawn, count=1) if size else drawn


def _figure(path: Path, left: float, top: float) -> str:
    data = base64.b64encode(_thumbnail(path)).decode()
    middle, foot = left + THUMBNAIL / 2, top + THUMBNAIL + CAPTION - 10
    return (
        f'<image x="{left:.0f}" y="{top:.0f}" width="{THUMBNAIL}" height="{THUMBNAIL}" '
        f'href="data:image/jpeg;base64,{data}"/>\n'
        f'<text x="{middle:.0f}" y="{foot:.0f}" text-anchor="middle" font-size="13" fill="#888">'
        f"out/{escape(path.name)}</text>\n"
    )


def _thumbnail(path: Path) -> bytes:
    if path.suffix == ".mp4":
        with av.open(str(path)) as film:
            picture = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    else:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    square = Image.new("RGB", (THUMBNAIL, THUMBNAIL), "#292929")
    square.paste(picture, ((THUMBNAIL - picture.width) // 2, (THUMBNAIL - picture.height) // 2))
    told = io.BytesIO()
    square.save(told, "JPEG", quality=72)
    return told.getvalue()


if __name__ == "__main__":
    main()
