"""Owns what a template comes to: CloudFormation plus the folders its functions run from."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

REGION = "us-east-1"


class TemplateError(ValueError):
    """The template cannot be transformed; the message is the translator's own."""


@dataclass(frozen=True)
class Transformed:
    """A template after the SAM transform; folders are keyed by the function's logical id."""

    cloudformation: dict[str, Any]
    code: Mapping[str, Path]
    layers: Mapping[str, tuple[Path, ...]]

    def dump(self) -> str:
        """This value as JSON text."""
        code = {name: str(folder) for name, folder in self.code.items()}
        layers = {name: [str(folder) for folder in folders] for name, folders in self.layers.items()}
        return json.dumps([self.cloudformation, code, layers], default=str)

    @classmethod
    def load(cls, text: str) -> Self:
        """The value that `dump` wrote."""
        cloudformation, code, layers = json.loads(text)
        return cls(
            cloudformation,
            {name: Path(folder) for name, folder in code.items()},
            {name: tuple(Path(folder) for folder in folders) for name, folders in layers.items()},
        )


class Transforming:
    """A transform under way in a process of its own.

    Importing the translator takes as long as starting the whole emulator, so the two run side by side.
    """

    def __init__(self, template: Path, parameters: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.transform", str(template.resolve()), json.dumps(dict(parameters))],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def result(self) -> Transformed:
        """Wait for the transformed template; TemplateError says what is wrong with it."""
        output, errors = self._process.communicate()
        if self._process.returncode != 0:
            raise TemplateError(errors.strip())
        return Transformed.load(output)

    def cancel(self) -> None:
        """End the process if it is still at it."""
        self._process.kill()
        self._process.communicate()
