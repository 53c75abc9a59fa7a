"""Owns the process of a function that serves HTTP itself: one for all requests, started again when it ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Protocol

from local.sockets import HOST, listening
from local.worker import FunctionSpec, end, environment, pump, start

_START_SECONDS = 30.0


class Versioned(Protocol):
    """What tells whether a function's source has changed."""

    def version(self) -> int:
        """A number that grows with each change."""


class WebFunction:
    """A function behind a URL. The cloud gives each request an environment of its own; here they share a process.

    When its source has changed, the next request replaces the process, which ends the lines that are open.
    """

    def __init__(
        self, spec: FunctionSpec, aws: Mapping[str, str], sources: Versioned, log: Callable[[str], None]
    ) -> None:
        self.spec = spec
        self._variables = {
            **environment(spec, aws),
            # the cloud's `python` is the one with the layers
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        }
        self._sources = sources
        self._log = log
        self._one = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""
        self._version = 0
        self._closed = False

    def address(self, silent: str = "") -> str | None:
        """Where it answers, started where need be; None if it does not start. `silent` is where nobody answered."""
        version = self._sources.version()
        with self._one:
            if self._closed:
                return None
            if not self._alive() or version != self._version or silent == self._address:
                self._version = version
                self._start()
            return self._address or None

    def close(self) -> None:
        """Kill it and whatever it started, also while it is starting."""
        self._closed = True
        with self._one:
            self._end()

    def _alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _start(self) -> None:
        self._end()
        with closing(listening(0)) as free:
            port: int = free.getsockname()[1]
        variables = {**self._variables, "AWS_LWA_PORT": str(port)}
        self._process = start(self.spec, f"./{self.spec.handler}", variables)
        threading.Thread(target=pump, args=(self._process, self._log), daemon=True).start()
        until = time.monotonic() + _START_SECONDS
        while self._alive() and not self._closed and time.monotonic() < until:
            if _answers(port):
                self._address = f"http://{HOST}:{port}"
                return
            time.sleep(0.02)
        self._log("did not start")

    def _end(self) -> None:
        process, self._process, self._address = self._process, None, ""
        if process is not None:
            end(process)
            assert process.stdin is not None
            process.stdin.close()


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex((HOST, port)) == 0
