"""Owns one execution environment: a process run by the real runtime client over a Runtime API of its own."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.runtime_api import RuntimeApi, Work

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_MACHINE = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
# Lambda allows 10 s; a busy small machine starting many environments at once needs more.
_INIT_SECONDS = 30.0


@dataclass(frozen=True)
class FunctionSpec:
    """What a worker needs to know of its function; `environment` is all it sees besides AWS's own variables."""

    name: str
    arn: str
    handler: str
    code: Path
    layers: tuple[Path, ...]
    environment: Mapping[str, str]
    timeout: float
    memory: int
    sources: int = 1  # queues it reads; each may keep as many environments busy as one alone

    @property
    def serves_http(self) -> bool:
        """Whether its handler is a script that serves HTTP, as the Lambda Web Adapter starts it."""
        return "AWS_LWA_PORT" in self.environment


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to; when `error`, the payload is Lambda's error JSON."""

    payload: bytes
    error: bool


def failure(kind: str, message: str) -> Outcome:
    """The outcome Lambda itself reports when the handler could not answer."""
    return Outcome(json.dumps({"errorType": kind, "errorMessage": message}).encode(), error=True)


def environment(spec: FunctionSpec, aws: Mapping[str, str]) -> dict[str, str]:
    """What a function's process sees: its own variables, AWS's, and of this machine's only what any process needs."""
    machine = {name: os.environ[name] for name in _MACHINE if name in os.environ}
    return {
        **machine,
        **aws,
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"local/[$LATEST]{uuid.uuid4().hex}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3",
        "LAMBDA_TASK_ROOT": str(spec.code),
        "PYTHONPATH": os.pathsep.join(str(folder) for folder in (spec.code, *spec.layers)),
        "PYTHONUNBUFFERED": "1",
        "TZ": ":UTC",
        "_HANDLER": spec.handler,
        **spec.environment,
    }


def start(spec: FunctionSpec, handler: str, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A process of a function, in a group of its own and ending with this process."""
    # -P keeps this package's folder off the import path: a worker sees its function's code and nothing of ours.
    return subprocess.Popen(
        [sys.executable, "-P", str(_BOOTSTRAP), handler],
        cwd=spec.code,
        env=dict(variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def pump(process: subprocess.Popen[bytes], log: Callable[[str], None]) -> int:
    """Log what the process writes until it ends; its exit status."""
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            # The runtime client writes a traceback as one line with carriage returns.
            for part in line.decode("utf-8", "replace").rstrip().split("\r"):
                log(part)
    return process.wait()


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and whatever it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):  # another thread may be closing it too
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Worker:
    """One process serving one invocation at a time."""

    def __init__(self, spec: FunctionSpec, aws: Mapping[str, str], version: int, log: Callable[[str], None]) -> None:
        self.spec = spec
        self.version = version
        self._log = log
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._asked = threading.Event()
        self._failed = False
        self._api = RuntimeApi(self)
        variables = environment(spec, aws) | {"AWS_LAMBDA_RUNTIME_API": self._api.address}
        self._process = start(spec, spec.handler, variables)
        threading.Thread(target=self._pump, daemon=True).start()

    def _pump(self) -> None:
        status = pump(self._process, self._log)
        self._failed = True
        self._done.put(failure("Runtime.ExitError", f"Runtime exited with status {status}"))
        self._asked.set()

    def next_work(self) -> Work | None:
        """Block until there is an invocation; None means the worker is closing."""
        self._asked.set()
        return self._work.get()

    def report(self, path: str, body: bytes) -> None:
        """Record what the runtime client posted to its Runtime API."""
        if path.endswith("/init/error"):
            self._failed = True
        self._done.put(Outcome(body, error=path.endswith("/error")))
        self._asked.set()

    @property
    def alive(self) -> bool:
        """False once the process ended or could not initialise: it takes no further invocation."""
        return not self._failed and self._process.poll() is None

    def started(self) -> bool:
        """Wait until the handler's module is imported; False if that failed or took too long."""
        return self._asked.wait(_INIT_SECONDS) and self.alive

    def invoke(self, payload: bytes) -> Outcome:
        """Run the handler once; at the function's timeout the process is killed."""
        if not self._asked.wait(_INIT_SECONDS):
            self.close()
            return failure("Sandbox.Timedout", f"Initialisation took more than {_INIT_SECONDS:.0f} seconds")
        timeout, request_id = self.spec.timeout, str(uuid.uuid4())
        deadline_ms = int((time.time() + timeout) * 1000)
        self._work.put(Work(request_id, payload, deadline_ms, self.spec.arn))
        try:
            return self._done.get(timeout=timeout)
        except queue.Empty:
            self.close()
            return failure(
                "Sandbox.Timedout",
                f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds",
            )

    def close(self) -> None:
        """Kill the process and whatever it started."""
        self._failed = True
        end(self._process)
        self._work.put(None)  # only now: a client that is refused work while it lives would complain in the log
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._api.close()
