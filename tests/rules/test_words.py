"""Which words are used where: the field's own terms in all we write, and a family's name in its own folders alone."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from relay.families import FAMILIES
from tests.rules.tree import ROOT

WRITTEN = ("layers", "functions", "local", "ops", "benchmarks", "tests", "docs", "requirements")
TOP = ("README.md", "Makefile", "template.yaml", "samconfig.toml", "pyproject.toml")
KINDS = {".py", ".md", ".toml", ".yaml", ".in", ".svg", ""}
INSTEAD = {
    "house": "services",
    "desk": "worker",
    "door": "endpoint",
    "doorway": "handler",
    "room": "space",
    "guest": "account",
}
RETIRED = re.compile(rf"(?<![a-z])({'|'.join(INSTEAD)})s?(?![a-z])", re.IGNORECASE)


@cache
def texts() -> dict[str, str]:
    """What people wrote, by path; not what tools made, and not this list of words."""
    files = [path for folder in WRITTEN for path in (ROOT / folder).rglob("*")] + [ROOT / name for name in TOP]
    ours = [path for path in files if path.is_file() and path.suffix in KINDS and "__pycache__" not in path.parts]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in ours if path != Path(__file__)}


def found_words() -> list[str]:
    return [name for name, text in texts().items() if RETIRED.search(text)]


def own_folder(name: str, family: str) -> bool:
    """Its code, its simulator, its client, its fixtures and its tests."""
    return family in (*Path(name).parts[:-1], Path(name).stem) or Path(name).name.startswith(f"test_{family}")


def found_families() -> list[str]:
    """Files of the package and of what runs it that name a family; the catalog and the registry are where that is done,
    and for the benchmarks, which have to take some family's clients and upstreams, one module.

    Tests and documents speak a family as their example, so they are not asked.
    """
    allowed = ("/relay/catalog/", "/relay/families/__init__.py", "benchmarks/measured.py")
    named = {
        family: re.compile(rf"(?<![A-Za-z])({family}|{family.title()}|{family.upper()})(?![a-z])")
        for family in FAMILIES
    }
    asked = {
        name: text
        for name, text in texts().items()
        if name.startswith(("layers", "functions", "local", "ops", "benchmarks"))
        and not any(one in name for one in allowed)
    }
    return [
        name
        for name, text in asked.items()
        if any(word.search(text) and not own_folder(name, family) for family, word in named.items())
    ]


def test_no_retired_word_is_used() -> None:
    assert found_words() == [], f"write instead: {INSTEAD}"


def test_a_family_is_named_in_its_own_folders_alone() -> None:
    assert found_families() == []
