"""`ops catalog-check`: the shipped catalog is well, and what is wrong in another is named with its line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ops.__main__ import main
from ops.readiness import unmakeable
from relay.edge.wiring import catalog

SHIPPED = Path(__file__).resolve().parents[2] / "layers/relay/python/relay/catalog"


def test_the_shipped_catalog_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog-check", str(SHIPPED)]) == 0
    assert "is well: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"kie", api = "gpt4o-image"', '"kei", api = "gpt4o-image"', '"kei", which is no upstream'),
        ('price = "0.25"', 'price = "0,25"', "must be an amount"),
        ('api = "gpt4o-image"', 'api = "gpt5"', 'kie has no API "gpt5"'),
        (
            'family = "kie"\nbase_url',
            'family = "kei"\nbase_url',
            '"kei" is no provider; there are: aihub, aistudio, kie',
        ),
        ("[menus.kie.gpt4o-image", "[menus.key.gpt4o-image", '"key" is no dialect; there are: aihub, aistudio, kie'),
        ("per_minute = 20", "per_minute = ", "not TOML"),
        ("tier = 4", "tier = 9", "is 9, which is no tier of [tiers]"),
        ("price_cents = 990\n", "price_cents = -1\n", "whole number of at least 0"),
        ("price_cents = 2990", "price_cents = 0", "one plan, and no other, has price_cents = 0"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], right: str, wrong: str, said: str
) -> None:
    mine = Path(shutil.copytree(SHIPPED, tmp_path / "mine"))
    (file,) = (each for each in sorted(mine.glob("*.toml")) if right in each.read_text("utf-8"))
    text = file.read_text("utf-8")
    assert text.count(right) == 1
    file.write_text(text.replace(right, wrong), "utf-8")
    line = text[: text.index(right)].count("\n") + 1
    for given in (mine, file):  # one of the files stands for its folder
        assert main(["catalog-check", str(given)]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith(f"{file}:{line}: ")
        assert said in printed.err


def test_one_file_may_hold_the_whole_catalog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = [file.read_text("utf-8").partition("\n[") for file in SHIPPED.glob("*.toml")]
    file = tmp_path / "mine.toml"  # what is in no table comes first
    file.write_text("\n".join([*(part[0] for part in parts), *(f"[{part[2]}" for part in parts)]), "utf-8")
    assert main(["catalog-check", str(file)]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    file = tmp_path / "mine.toml"
    if content:
        file.write_bytes(content)
    assert main(["catalog-check", str(file)]) == 1
    assert f"{file} cannot be read" in capsys.readouterr().err


def test_what_cannot_be_made_is_what_no_keyed_upstream_makes() -> None:
    assert list(unmakeable(catalog(), catalog().upstreams)) == []
    assert "kling-v1" in set(unmakeable(catalog(), {"kie"}))
    assert "kling-3.0" not in set(unmakeable(catalog(), {"kie"}))
    assert set(unmakeable(catalog(), set())) == set(catalog().models)
