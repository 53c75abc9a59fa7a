"""Every family is complete, and one that is not is told what to write and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay.families import FAMILIES as REGISTERED
from relay.families.dialect import Dialect
from tests.contract import skeleton
from tests.contract.parts import CATALOG, FAMILIES, missing

OWN = f"{FAMILIES}/example"
TRANSLATORS = ("write_submit", "read_submit", "write_query", "read_query")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A tree with a folder of families and a catalog, in which nothing is written."""
    (tmp_path / FAMILIES).mkdir(parents=True)
    (tmp_path / CATALOG).mkdir()
    return tmp_path


@pytest.mark.parametrize("family", REGISTERED)
def test_nothing_of_a_family_is_missing(family: str) -> None:
    if told := missing(family):
        pytest.fail("\n".join(["to write:", *told]), pytrace=False)


def test_an_empty_family_is_told_each_file_to_write(elsewhere: Path) -> None:
    assert missing("example", elsewhere) == [
        f"{OWN}/__init__.py: whose API this is, in one sentence, and HOMES",
        f"{OWN}/dialect.py: how its clients speak to us",
        f"{OWN}/provider.py: how we speak to its upstream",
        "tests/fixtures/example/*.json: example answers of the real API",
    ]


def test_a_skeleton_is_told_each_method_to_fill_in(elsewhere: Path) -> None:
    skeleton.write("example", elsewhere)

    told = missing("example", elsewhere)

    assert told[0] == f"{OWN}/__init__.py: HOMES, which the paths of its clients begin with"
    assert {f"{OWN}/dialect.py: {name}" for name in ("routes", *Dialect.__abstractmethods__)} <= set(told)
    assert {f"{OWN}/provider.py: {name}" for name in TRANSLATORS} <= set(told)
    assert told[-7:] == [
        "tests/fixtures/example/*.json: example answers of the real API",
        "events/*.example.*.json: an example event for each route",
        "tests/fixtures/example/events.py: what each example event is answered",
        "tests/fixtures/example/examples.py: what docs/api.md shows of it",
        "tests/fixtures/example/clients.py: how its clients ask, and how they are refused",
        f"{CATALOG}: an upstream of the family, and sources that use it",
        "tests/fixtures/example/mirror.py: carries",
    ]


def test_a_skeleton_is_valid_code_and_is_never_written_over(elsewhere: Path) -> None:
    files = skeleton.write("example", elsewhere)
    for path in files:
        compile(path.read_text("utf-8"), path, "exec")

    assert len(files) == 6
    assert skeleton.write("example", elsewhere) == []
