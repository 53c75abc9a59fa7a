"""Cold starts: importing a handler and building its services, beside importing the SDK clients it uses and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.cloud import FUNCTIONS, LAYER

TIMES = 7

# The clients each function's ordinary work needs, and whether it sends HTTP (by urllib3, as effects/outbound does).
CLIENTS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "submit": (("dynamodb", "sqs", "ssm"), False),
    "status": (("dynamodb", "ssm"), False),
    "account": (("dynamodb", "ssm"), False),
    "developers": (("dynamodb", "ssm"), False),
    "callback": (("dynamodb", "sqs", "ssm"), True),
    "dispatch": (("dynamodb", "sqs", "ssm", "stepfunctions"), True),
    "hold": (("dynamodb", "sqs", "ssm", "stepfunctions"), True),
    "poll": (("dynamodb", "sqs", "ssm"), True),
    "upload": (("dynamodb", "s3", "ssm"), False),
    "media": (("s3", "ssm"), False),
    "archive": (("dynamodb", "s3", "sqs"), True),
    "deliver": (("dynamodb", "ssm"), True),
    "renew": (("dynamodb", "ssm"), False),
    "payments": (("dynamodb", "ssm"), False),
    "sweep": (("dynamodb", "stepfunctions"), False),
    "audit": (("dynamodb",), False),
}

_CLOCK = "import time, sys; cpu = time.process_time()\n"
_TELL = "print((time.process_time() - cpu) * 1000, len(sys.modules))\n"
_OURS = "import {function}, boto3\nfrom relay.edge.wiring import services\nservices()\n"
_BARE = "import json, boto3\nboto3.client('dynamodb')\n"


@dataclass(frozen=True)
class Started:
    """Median CPU milliseconds and modules, ours and the bare clients'; the least and greatest ratio of the runs."""

    ours: float
    bare: float
    low: float
    high: float
    modules: int
    bare_modules: int

    @property
    def ratio(self) -> float:
        return self.ours / self.bare


def measure(environment: Mapping[str, str]) -> dict[str, Started]:
    """Every function in fresh interpreters, turn about with the bare clients."""
    return {function: _started(function, environment) for function in CLIENTS}


def _started(function: str, environment: Mapping[str, str]) -> Started:
    ours, bare = _ours(function), bare_code(function)
    _run(ours, environment), _run(bare, environment)  # so that .pyc and the disk's cache are warm
    both = [(_run(ours, environment), _run(bare, environment)) for _ in range(TIMES)]
    return Started(
        median(ours for (ours, _), _ in both),
        median(bare for _, (bare, _) in both),
        min(ours / bare for (ours, _), (bare, _) in both),
        max(ours / bare for (ours, _), (bare, _) in both),
        both[0][0][1],
        both[0][1][1],
    )


def uncompiled(function: str, environment: Mapping[str, str]) -> float:
    """CPU milliseconds of one cold start where no .pyc is at hand: every module is compiled from its source."""
    with tempfile.TemporaryDirectory() as empty:
        without = {"PYTHONPYCACHEPREFIX": empty, "PYTHONDONTWRITEBYTECODE": "1"}
        return _run(_ours(function), {**environment, **without})[0]


def bare_code(function: str) -> str:
    """A program that imports what the function needs and makes its SDK clients, and prints its CPU time and modules."""
    http = "import urllib3\n" if CLIENTS[function][1] else ""
    return _CLOCK + http + _BARE + _rest(function) + _TELL


def _ours(function: str) -> str:
    return _CLOCK + _OURS.format(function=function) + _rest(function) + _TELL


def _rest(function: str) -> str:
    return "".join(f"boto3.client({service!r})\n" for service in CLIENTS[function][0] if service != "dynamodb")


def _run(code: str, environment: Mapping[str, str]) -> tuple[float, int]:
    path = os.pathsep.join(str(folder) for folder in (LAYER, FUNCTIONS))
    machine = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**machine, **environment, "PYTHONPATH": path},
        cwd=Path(tempfile.gettempdir()),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    spent, modules = done.stdout.split()
    return float(spent), json.loads(modules)
