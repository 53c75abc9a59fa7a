"""The template lints clean as the cloud will see it; linting only the source misses cycles and queue timeouts."""

from __future__ import annotations

import json

from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

from tests.rules.tree import cloudformation


def test_what_the_template_becomes_lints_clean() -> None:
    found = lint(json.dumps(cloudformation()), config=ManualArgs(regions=["us-east-1"]))
    assert [str(match) for match in found] == []
