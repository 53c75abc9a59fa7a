"""What the README points to and repeats: its links lead somewhere, its numbers are those that were measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.report import BEGIN, END, HEADLINES, headlines
from benchmarks.report_rows import Row

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
NUMBERS = (ROOT / "docs/numbers.md").read_text("utf-8")


def block(text: str) -> list[str]:
    return text.partition(BEGIN)[2].partition(END)[0].strip().splitlines()


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert "docs/run.svg" in links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_repeats_what_was_measured() -> None:
    _, _, *rows = block(README)
    assert rows
    assert {row.split(" | ")[0].removeprefix("| ") for row in rows} <= {words for _, _, words in HEADLINES}
    measured = {line.partition(" | ")[2] for line in block(NUMBERS)}
    assert [row for row in rows if row.partition(" | ")[2] not in measured] == []


def test_the_readmes_rows_are_told_apart_by_their_heading() -> None:
    rows = [row for heading, name, _ in HEADLINES for row in (Row(f"{heading} …"), Row(f"{name} (calls)", "1"))]
    assert [row.what for row in headlines([Row("else"), Row("submit", "0"), *rows])] == [each[2] for each in HEADLINES]
    with pytest.raises(LookupError, match="due at once"):
        headlines([row for row in rows if "due at once" not in row.what])


def test_the_picture_is_small_and_fetches_nothing() -> None:
    picture = (ROOT / "docs/run.svg").read_text("utf-8")
    assert len(picture) < 150_000
    assert set(re.findall(r"https?://[^\"'\s)]+", picture)) == {"http://www.w3.org/2000/svg"}
    files = set(re.findall(r"[0-9]+-(?:image|video)\.(?:png|mp4)", picture))
    assert picture.count("<image ") == len(files) > 4
