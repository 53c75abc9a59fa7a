"""docs/api.md is true: its examples are requested again and compared, its code is run."""

from __future__ import annotations

import json
import re

import pytest

from relay.families.aistudio.words import ERRORS
from tests.functional.api_examples import BLOCK, DOCUMENT, examples, written
from tests.functional.harness import Harness, harness
from tests.functional.network import CLIENT

TEXT = DOCUMENT.read_text("utf-8")


@pytest.fixture(scope="module")
def blocks() -> dict[str, str]:
    return examples()


def test_the_examples_are_what_is_answered(blocks: dict[str, str]) -> None:
    assert written(TEXT, blocks) == TEXT, "run: .venv/bin/python -m tests.functional.api_examples"


def test_every_example_has_its_place(blocks: dict[str, str]) -> None:
    assert [name for _, name, _ in BLOCK.findall(TEXT)].count("limits") == 1
    assert {name for _, name, _ in BLOCK.findall(TEXT)} == blocks.keys()


def test_every_error_code_is_shown(blocks: dict[str, str]) -> None:
    shown = set(re.findall(r'"code": "(\w+)"', blocks["aistudio-errors"]))
    assert ERRORS.keys() - shown == {"API_ERROR", "FORBIDDEN"}  # what these two are for is said below the table
    assert "`API_ERROR`" in TEXT
    assert "`FORBIDDEN`" in TEXT


def delivered(here: Harness) -> tuple[dict[str, str], bytes]:
    here.submit_image(callback_url=CLIENT)
    here.run(5)
    here.network.finish()
    here.run(60)
    return dict(here.told[-1].headers), here.told[-1].body


def test_the_code_that_checks_a_callback_works() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    check = names["is_genuine"]
    assert callable(check)
    with harness() as here:
        headers, body = delivered(here)
        now = int(headers["webhook-timestamp"])
        assert json.loads(body)["status"] == "succeeded"
        assert check(here.webhook_secret, headers, body, now)
        assert not check(here.webhook_secret, headers, body + b" ", now)
        assert not check(here.webhook_secret, headers, body, now + 301)
        assert not check("whsec_" + "A" * 44, headers, body, now)
