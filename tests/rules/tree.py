"""What the rules read: our modules, what each imports, the template and what it becomes."""

from __future__ import annotations

import ast
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from local.loops import read_template

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers/relay/python/relay"
FOLDERS = (PACKAGE, *(ROOT / name for name in ("functions", "local", "ops", "benchmarks", "tests")))


@cache
def sources() -> dict[str, Path]:
    """Every module of ours by its dotted name, as Python would import it."""
    found = {}
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*.py")):
            name = ".".join(path.relative_to(folder.parent).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imports(module: str) -> set[str]:
    """What a module imports, as dotted names; what only a type checker sees is among it."""
    found: set[str] = set()
    for node in ast.walk(parsed(sources()[module])):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {_target(node.module or "", alias.name) for alias in node.names}
    return found


def _target(package: str, name: str) -> str:
    """`from package import name` imports a module of that name where there is one, else the package."""
    return f"{package}.{name}" if f"{package}.{name}" in sources() else package


@cache
def template() -> dict[str, Any]:
    """template.yaml with its short-hand functions spelled out and its loops unrolled."""
    return read_template(ROOT / "template.yaml")


@cache
def cloudformation() -> dict[str, Any]:
    """What the template becomes in the cloud. The translator accepts only packaged code, so it is given stand-ins."""
    sam = deepcopy(template())
    packaged = "s3://packaged/code"
    sam["Globals"]["Function"]["CodeUri"] = packaged
    for one in sam["Resources"].values():
        local = {"ContentUri", "DefinitionUri"} & one.get("Properties", {}).keys()
        one.get("Properties", {}).update(dict.fromkeys(local, packaged))
    session = boto3.Session(region_name="us-east-1")
    translated: dict[str, Any] = Translator({}, Parser(), boto_session=session).translate(sam, parameter_values={})
    return translated


def become(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of the resources of one type after the transform, by logical id."""
    every = cloudformation()["Resources"].items()
    return {logical: one.get("Properties", {}) for logical, one in every if one["Type"] == kind}


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of the template's resources of one type, by logical id."""
    every = template()["Resources"].items()
    return {logical: one.get("Properties", {}) for logical, one in every if one["Type"] == kind}


def functions() -> dict[str, dict[str, Any]]:
    """The template's functions by the name of their file, which is how the rest of the services calls them."""
    return {one["Handler"].partition(".")[0]: one for one in resources("AWS::Serverless::Function").values()}


def logical_id(function: str) -> str:
    """The template's name for the function in that file."""
    every = resources("AWS::Serverless::Function").items()
    return next(logical for logical, one in every if one["Handler"].partition(".")[0] == function)
