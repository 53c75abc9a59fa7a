"""How the code is cut: small modules and functions, handlers that decide nothing, no error passed over in silence."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator

from tests.rules.tree import ROOT, parsed, sources

LONGEST_MODULE = 200
LONGEST_FUNCTION = 30
LONGEST_HANDLER = 30  # lines of a whole file in functions/
MODULES = sorted(name for name in sources() if not name.startswith("tests."))
PACKAGE = [name for name in MODULES if name.split(".")[0] in {"relay", "functions"}]


def too_long(sizes: dict[str, int], limit: int) -> list[str]:
    return [f"{name} has {size} lines, at most {limit}" for name, size in sizes.items() if size > limit]


def module_sizes(modules: list[str]) -> dict[str, int]:
    return {name: len(sources()[name].read_text("utf-8").splitlines()) for name in modules}


def functions_of(module: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    nodes = ast.walk(parsed(sources()[module]))
    return (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def function_sizes() -> dict[str, int]:
    """Lines of each function without its decorators; of functions that share a name, the longest."""
    sizes: dict[str, int] = {}
    for module in sources():
        for node in functions_of(module):
            name = f"{module}.{node.name}"
            sizes[name] = max(sizes.get(name, 0), (node.end_lineno or node.lineno) - node.lineno + 1)
    return sizes


def test_a_module_can_be_read_in_one_sitting() -> None:
    assert too_long(module_sizes(MODULES), LONGEST_MODULE) == []


def test_a_function_fits_on_a_screen() -> None:
    assert too_long(function_sizes(), LONGEST_FUNCTION) == []


def test_a_handler_decodes_calls_and_encodes() -> None:
    handlers = [name for name in MODULES if name.startswith("functions.")]
    assert too_long(module_sizes(handlers), LONGEST_HANDLER) == []
    assert [name for name in handlers if any(isinstance(n, ast.Try) for n in ast.walk(parsed(sources()[name])))] == []


def test_a_module_says_what_it_owns() -> None:
    trees = {name: parsed(path) for name, path in sources().items()}
    assert [name for name, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def test_no_error_is_passed_over_in_silence() -> None:
    silent = [
        f"{name}:{node.lineno}"
        for name in MODULES
        for node in ast.walk(parsed(sources()[name]))
        if isinstance(node, ast.ExceptHandler) and all(isinstance(step, ast.Pass) for step in node.body)
    ]
    assert silent == []


def test_the_package_does_not_cast() -> None:
    casting = {
        name
        for name in PACKAGE
        for node in ast.walk(parsed(sources()[name]))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "cast"
    }
    assert casting == set()


def _pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text("utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+)", text, re.MULTILINE))


def test_what_is_shipped_is_what_is_tested() -> None:
    tested = _pins("requirements/dev.txt")
    layers = {layer: _pins(f"layers/{layer}/requirements.txt") for layer in ("vendor", "stream", "developers")}
    for layer, shipped in layers.items():
        wanted = _pins(f"layers/{layer}/requirements.in")
        assert wanted
        assert wanted.items() <= shipped.items()
        assert shipped.items() <= tested.items()
    for layer in ("stream", "developers"):
        assert layers["vendor"].keys() & layers[layer].keys() == set()


def test_what_a_dependency_group_names_is_what_its_lock_file_pins() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    for name, wanted in groups.items():
        exact = dict(re.findall(r"([\w.-]+)(?:\[[\w,-]+\])?==([\w.]+)", "\n".join(wanted)))
        assert exact
        assert exact.items() <= _pins(f"requirements/{name}.txt").items()
        assert "://" not in (ROOT / f"requirements/{name}.txt").read_text("utf-8")
