"""The package is installed from this repository as it stands, and leaves nothing in it."""

from __future__ import annotations

import json
from importlib.metadata import distribution
from pathlib import Path

import relay
from tests.rules.tree import PACKAGE, ROOT


def test_the_package_is_installed_editable() -> None:
    installed = json.loads(distribution("genrelay").read_text("direct_url.json") or "{}")
    assert installed == {"url": ROOT.as_uri(), "dir_info": {"editable": True}}
    assert Path(relay.__file__).parent == PACKAGE


def test_no_metadata_lies_beside_it() -> None:
    assert [path.name for path in PACKAGE.parent.iterdir()] == [PACKAGE.name]
