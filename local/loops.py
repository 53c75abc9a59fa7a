"""Owns reading a SAM template: its short-hand functions spelled out, its loops (`Fn::ForEach`) unrolled.

CloudFormation unrolls loops before it expands SAM; the published translator does not know them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

_LOOP = "Fn::ForEach::"
TRANSFORM = "AWS::LanguageExtensions"


def read_template(path: Path) -> dict[str, Any]:
    """A template as SAM sees it in the cloud; empty where the file is."""
    template: dict[str, Any] = yaml_parse(path.read_text("utf-8")) or {}
    declared = template.get("Transform")
    if isinstance(declared, list) and TRANSFORM in declared:
        template["Transform"] = [name for name in declared if name != TRANSFORM]
        template["Resources"] = _unrolled(template["Resources"], {})
    return template


def _unrolled(section: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """A map of resources in which each loop has become its copies, with the loop variables in `given` filled in."""
    made: dict[str, Any] = {}
    for name, value in section.items():
        if not name.startswith(_LOOP):
            made[_named(name, given)] = _filled(value, given) if given else value
            continue
        variable, items, body = value
        for item in items:
            made |= _unrolled(body, {**given, variable: item})
    return made


def _filled(value: Any, given: Mapping[str, str]) -> Any:  # noqa: ANN401 (any part of a template)
    match value:
        case {"Fn::Sub": str(text)}:
            text = _named(text, given)
            return {"Fn::Sub": text} if "${" in text else text
        case {"Ref": str(name)} if name in given:
            return given[name]
        case dict():
            return {name: _filled(part, given) for name, part in value.items()}
        case list():
            return [_filled(part, given) for part in value]
    return value


def _named(text: str, given: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: given.get(found[1], found[0]), text)
