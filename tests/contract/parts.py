"""What a family consists of, and what of it is not written yet."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = Path("layers/relay/python/relay/families")
CATALOG = Path("layers/relay/python/relay/catalog")


def missing(family: str, root: Path = ROOT) -> list[str]:
    """What to write before the family can be used, each with its file; nothing where it is complete."""
    return list(_code(family, root)) + list(_around(family, root))


def has(family: str, half: str, root: Path = ROOT) -> bool:
    return (root / FAMILIES / family / f"{half}.py").is_file()


def makes_tasks(family: str, root: Path = ROOT) -> bool:
    """Whether its provider has APIs of tasks: one of model calls alone says that it has none."""
    path = root / FAMILIES / family / "provider.py"
    return path.is_file() and re.search(r"^PROVIDER = \w+\(\{\}", path.read_text("utf-8"), re.MULTILINE) is None


def _code(family: str, root: Path) -> Iterator[str]:
    own = FAMILIES / family
    if not (root / own / "__init__.py").is_file():
        yield f"{own}/__init__.py: whose API this is, in one sentence, and HOMES"
    if not any(has(family, half, root) for half in ("dialect", "provider")):
        yield f"{own}/dialect.py: how its clients speak to us"
        yield f"{own}/provider.py: how we speak to its upstream"
    elif has(family, "dialect", root) and "HOMES = ()" in (root / own / "__init__.py").read_text("utf-8"):
        yield f"{own}/__init__.py: HOMES, which the paths of its clients begin with"
    for path in [own / "dialect.py", own / "provider.py"]:
        yield from (f"{path}: {name}" for name in _unwritten(root / path))


def _around(family: str, root: Path) -> Iterator[str]:
    fixtures = Path("tests/fixtures") / family
    if not any((root / fixtures).glob("*.json")):
        yield f"{fixtures}/*.json: example answers of the real API"
    if has(family, "dialect", root) and not any((root / "events").glob(f"*.{family}.*.json")):
        yield f"events/*.{family}.*.json: an example event for each route"
    if has(family, "dialect", root) and not (root / fixtures / "events.py").is_file():
        yield f"{fixtures}/events.py: what each example event is answered"
    if has(family, "dialect", root) and not (root / fixtures / "examples.py").is_file():
        yield f"{fixtures}/examples.py: what docs/api.md shows of it"
    if has(family, "dialect", root):
        clients = root / fixtures / "clients.py"
        if not clients.is_file() or "SHAPES: tuple[Shape, ...] = ()" in clients.read_text("utf-8"):
            yield f"{fixtures}/clients.py: how its clients ask, and how they are refused"
    if has(family, "provider", root):
        yield from _upstream(family, root)
    if has(family, "dialect", root) and makes_tasks(family, root):
        mirrors = sorted((root / fixtures).rglob("mirror.py"))
        if not mirrors:
            yield f"{fixtures}/mirror.py: what its wire carries of a task"
        yield from (f"{path.relative_to(root)}: {name}" for path in mirrors for name in _unwritten(path))


def _upstream(family: str, root: Path) -> Iterator[str]:
    if not any(f'family = "{family}"' in path.read_text("utf-8") for path in (root / CATALOG).glob("*.toml")):
        yield f"{CATALOG}: an upstream of the family, and sources that use it"
    # what a dialect of ours speaks is simulated by it
    if not has(family, "dialect", root) and not (root / "local/upstreams" / family / "__init__.py").is_file():
        yield f"local/upstreams/{family}/__init__.py: its simulator"


def _unwritten(path: Path) -> Iterator[str]:
    """The functions of a file that only raise NotImplementedError, and routes where there are none."""
    for node in ast.walk(ast.parse(path.read_text("utf-8") if path.is_file() else "")):
        if isinstance(node, ast.FunctionDef) and ast.unparse(node.body[-1]) == "raise NotImplementedError":
            yield node.name
        elif isinstance(node, ast.Assign) and ast.unparse(node) == "routes = ()":
            yield "routes"
