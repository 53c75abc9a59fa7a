"""Running the published Node clients, which make installs into .venv/node; without them their tests are skipped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent
MODULES = SCRIPTS.parents[1] / ".venv" / "node" / "node_modules"
NODE = shutil.which("node")

needs_node = pytest.mark.skipif(
    NODE is None or not (MODULES / "openai").is_dir(), reason="no Node client: install node and npm, then `make test`"
)


def start(script: str, asked: object) -> subprocess.Popen[str]:
    """A script of this folder at work. It gets what is asked as JSON, and prints JSON."""
    env = {"PATH": os.environ["PATH"], "NODE_PATH": str(MODULES)}
    command = [NODE or "node", str(SCRIPTS / script), json.dumps(asked)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(process: subprocess.Popen[str], seconds: float = 30) -> Any:
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == 0, err
    return json.loads(out)
