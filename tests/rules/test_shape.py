"""How the code of the services is cut: small modules, handlers that only call, no error passed over in silence."""

from __future__ import annotations

import ast
import re

import pytest

from tests.rules.tree import ROOT, parsed, sources

LONGEST_MODULE = 260
LONGEST_HANDLER = 30
MODULES = sorted(name for name in sources() if not name.startswith("tests."))
HANDLERS = sorted(name for name in MODULES if name.startswith("functions."))


def lines(module: str) -> int:
    return len(sources()[module].read_text("utf-8").splitlines())


@pytest.mark.parametrize("module", MODULES)
def test_a_module_can_be_read_in_one_sitting(module: str) -> None:
    assert lines(module) <= LONGEST_MODULE


@pytest.mark.parametrize("module", HANDLERS)
def test_a_handler_only_makes_one_call(module: str) -> None:
    assert lines(module) <= LONGEST_HANDLER
    assert not [node for node in ast.walk(parsed(sources()[module])) if isinstance(node, ast.Try)]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_owns(module: str) -> None:
    said = ast.get_docstring(parsed(sources()[module]))
    assert said or not parsed(sources()[module]).body


@pytest.mark.parametrize("module", MODULES)
def test_no_error_is_passed_over_in_silence(module: str) -> None:
    handlers = [node for node in ast.walk(parsed(sources()[module])) if isinstance(node, ast.ExceptHandler)]
    silent = [node.lineno for node in handlers if all(isinstance(step, ast.Pass) for step in node.body)]
    assert silent == []


def _pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text("utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+)", text, re.MULTILINE))


def test_what_is_shipped_is_what_is_tested() -> None:
    wanted = _pins("layers/vendor/requirements.in")
    shipped = _pins("layers/vendor/requirements.txt")
    tested = _pins("requirements/dev.txt")
    assert wanted
    assert wanted.items() <= shipped.items()
    assert shipped.items() <= tested.items()
