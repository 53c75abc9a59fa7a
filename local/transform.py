"""Owns the way from a SAM template on disk to CloudFormation that the embedded cloud can create, offline."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from local.loops import read_template
from local.runtime import WORKERS
from local.template import REGION, TemplateError, Transformed

# The translator accepts only packaged code, so local folders hide behind this address while it runs.
_PACKAGED = "s3://local/{}"


def transform(template: Path, parameters: Mapping[str, str]) -> Transformed:
    """Expand a SAM template offline, as `sam deploy` would have the cloud do it."""
    root = template.resolve().parent
    sam = read_template(template)
    if "Resources" not in sam:
        raise TemplateError(f"{template} has no Resources: give the path of a SAM template")
    defaults = sam.get("Globals", {}).get("Function", {})
    layer_folders = _layer_folders(root, sam)
    code: dict[str, Path] = {}
    layers: dict[str, tuple[Path, ...]] = {}
    definitions: dict[str, str] = {}
    for logical, resource in sam["Resources"].items():
        properties = resource.setdefault("Properties", {})
        match resource["Type"]:
            case "AWS::Serverless::Function":
                code[logical] = _folder(root / properties.get("CodeUri", defaults.get("CodeUri", ".")))
                wanted = [*defaults.get("Layers", []), *properties.get("Layers", [])]
                layers[logical] = _layers_of(wanted, layer_folders)
                properties["CodeUri"] = _PACKAGED.format(logical)
            case "AWS::Serverless::LayerVersion":
                properties["ContentUri"] = _PACKAGED.format(logical)
            case "AWS::Serverless::StateMachine" if "DefinitionUri" in properties:
                definitions[logical] = (root / properties["DefinitionUri"]).read_text(encoding="utf-8")
                properties["DefinitionUri"] = _PACKAGED.format(logical)
    session = boto3.Session(region_name=REGION)
    expanded = Translator({}, Parser(), boto_session=session).translate(sam, parameter_values=dict(parameters))
    return Transformed(_unpackage(expanded, definitions, _numbers(sam, parameters)), code, layers)


def _numbers(sam: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """The values of the parameters that are numbers, given as text."""
    wanted = {name: spec for name, spec in sam.get("Parameters", {}).items() if spec["Type"] == "Number"}
    return {name: parameters.get(name, spec.get("Default")) for name, spec in wanted.items()}


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise TemplateError(f"CodeUri {path} is not a folder: create it or correct the template")
    return path.resolve()


def _layer_folders(root: Path, sam: dict[str, Any]) -> dict[str, Path]:
    """Layers whose content is in the tree; one that only a build fills is served by our site-packages."""
    folders = {}
    for logical, resource in sam["Resources"].items():
        if resource["Type"] != "AWS::Serverless::LayerVersion":
            continue
        folder = (root / resource["Properties"]["ContentUri"] / "python").resolve()
        if folder.is_dir():
            folders[logical] = folder
    return folders


def _layers_of(wanted: list[Any], folders: Mapping[str, Path]) -> tuple[Path, ...]:
    # A later layer overlays an earlier one in the cloud, so it comes first on the import path.
    found = [folders[layer["Ref"]] for layer in wanted if isinstance(layer, dict) and layer.get("Ref") in folders]
    return tuple(reversed(found))


def _unpackage(cfn: dict[str, Any], definitions: Mapping[str, str], numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the packaged addresses by something the embedded cloud can create."""
    for logical, resource in cfn["Resources"].items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::Lambda::Function":
                properties["Code"] = {"ZipFile": "# served by local.runtime"}
            case "AWS::Lambda::EventSourceMapping":
                resource["Properties"] = _event_source(properties, numbers)
            case "AWS::Lambda::LayerVersion":
                properties["Content"] = {}
            case "AWS::StepFunctions::StateMachine" if logical in definitions:
                properties.pop("DefinitionS3Location", None)
                values = properties.pop("DefinitionSubstitutions", {})
                properties["DefinitionString"] = _definition(definitions[logical], values, numbers)
    return cfn


def _event_source(properties: dict[str, Any], numbers: Mapping[str, Any]) -> dict[str, Any]:
    # The cloud converts a parameter to the property's type; the emulator would keep the text.
    source: dict[str, Any] = _with_numbers(properties, numbers)
    # A batch that waits for a worker here is already taken from its queue: take no more than there are workers.
    scaling = source.setdefault("ScalingConfig", {})
    wanted = scaling.get("MaximumConcurrency")
    scaling["MaximumConcurrency"] = min(wanted, WORKERS) if isinstance(wanted, int) else WORKERS
    return source


def _with_numbers(value: Any, numbers: Mapping[str, Any]) -> Any:  # noqa: ANN401 (any part of a template)
    if isinstance(value, dict):
        if value.keys() == {"Ref"} and numbers.get(value["Ref"]) is not None:
            return int(numbers[value["Ref"]])
        return {name: _with_numbers(part, numbers) for name, part in value.items()}
    return [_with_numbers(part, numbers) for part in value] if isinstance(value, list) else value


def _definition(text: str, values: Mapping[str, Any], numbers: Mapping[str, Any]) -> dict[str, Any] | str:
    """A state machine definition as JSON text in which CloudFormation fills in the substitutions.

    The cloud substitutes text, so a value that is a number must lose the quotes YAML gave its placeholder.
    """
    definition = json.dumps(yaml_parse(text))
    for name, value in values.items():
        numeric = isinstance(value, int | float) or (isinstance(value, dict) and value.get("Ref") in numbers)
        if numeric:
            definition = definition.replace(f'"${{{name}}}"', f"${{{name}}}")
    return {"Fn::Sub": [definition, dict(values)]} if values else definition


def main() -> None:
    """Transform the template named in the first argument with the parameters in the second; the result is JSON."""
    try:
        transformed = transform(Path(sys.argv[1]), json.loads(sys.argv[2]))
    except (TemplateError, InvalidDocumentException, OSError) as error:
        sys.exit(getattr(error, "message", str(error)))
    print(transformed.dump())


if __name__ == "__main__":
    main()
