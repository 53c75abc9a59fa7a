"""Everything the README shows to be typed, typed: its Python against a served stack, its commands one by one."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest

from tests.e2e.fixtures.running import ROOT
from tests.e2e.test_serve import Served

pytestmark = pytest.mark.stack

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
TYPED = [
    line.removeprefix("$ ").partition(" #")[0].strip()
    for language, text in BLOCKS
    if language == "console"
    for line in text.splitlines()
    if line.startswith("$ ")
]
PYTHON = [text for language, text in BLOCKS if language == "python"]
OPS = [line for line in TYPED if line.startswith("ops ")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("readme"))
    yield served
    served.process.terminate()
    served.process.wait(timeout=20)


def run(served: Served, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(
        command,
        cwd=served.folder,
        env=served.environment,
        input=typed,
        check=False,
        capture_output=True,
        text=True,
        timeout=90,
    )


def test_there_is_something_to_type() -> None:
    assert {language for language, _ in BLOCKS} == {"console", "python", ""}  # the bare one is a drawing
    assert (len(PYTHON), len(OPS)) == (1, 4)


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_runs_as_it_stands(served: Served, code: str) -> None:
    done = run(served, "-c", code)
    assert done.returncode == 0, done.stdout + done.stderr
    first, second, third = done.stdout.splitlines()
    assert re.fullmatch(r"succeeded \{.*'url': 'http.*\}", first)
    assert re.fullmatch(r"success [\w-]{36}", second)
    assert "lighthouses" in third


@pytest.mark.parametrize("line", OPS)
def test_an_operators_line_does_what_it_says(served: Served, line: str) -> None:
    done = run(served, "-m", "ops", "--local", *shlex.split(line)[1:], typed="example-key\n")
    assert (done.returncode, done.stderr) == (0, ""), done


def test_every_make_target_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = {line.split()[1] for line in TYPED if line.startswith("make ")}
    targets |= set(re.findall(r"`make (\w+)`", README))
    assert {"run", "serve", "build", "bench"} <= targets
    assert [name for name in sorted(targets) if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_what_is_deployed_is_what_the_alias_speaks_to() -> None:
    default = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))["default"]["global"]["parameters"]
    (alias,) = [line for line in TYPED if line.startswith("alias ")]
    assert alias == f"alias ops='.venv/bin/python -m ops --stack {default['stack_name']}'"
    assert ".venv/sam/bin/sam deploy" in TYPED


def test_nothing_else_is_typed() -> None:
    known = ("make ", "ops ", "alias ", ".venv/sam/bin/sam deploy")
    assert [line for line in TYPED if not line.startswith(known)] == []
