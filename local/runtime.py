"""Owns the functions: a small pool of workers each, renewed when their source changes, and what serves HTTP itself."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.web import WebFunction
from local.worker import FunctionSpec, Outcome, Worker, failure

PAYLOAD_LIMIT = 6 * 1024 * 1024 + 100
WORKERS = 4
_QUEUE_SECONDS = 60.0
_LOOK_SECONDS = 0.5


class Sources:
    """Counts the versions of some folders: the number grows when a file in them changes."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)
        self._lock = threading.Lock()
        self._seen: dict[str, int] = {}
        self._looked = 0.0
        self._version = 0

    def version(self) -> int:
        """The current version; looks at the disk at most twice a second, which no editor can outrun."""
        with self._lock:
            if time.monotonic() - self._looked > _LOOK_SECONDS:
                seen = self._scan()
                if seen != self._seen:
                    self._version += 1
                self._seen, self._looked = seen, time.monotonic()
            return self._version

    def _scan(self) -> dict[str, int]:
        seen: dict[str, int] = {}
        for folder in self._folders:
            for directory, folders, files in os.walk(folder):
                folders[:] = [name for name in folders if name != "__pycache__"]
                seen.update((path, _changed_at(path)) for path in (f"{directory}/{name}" for name in files))
        return seen


class Function:
    """One function: at most four environments at once for each queue it reads, as many as its callers need."""

    def __init__(
        self, spec: FunctionSpec, aws: Mapping[str, str], sources: Sources, log: Callable[[str], None]
    ) -> None:
        self.spec = spec
        self._aws = aws
        self._sources = sources
        self._log = log
        self._most = WORKERS * spec.sources
        self._free = threading.Condition()
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._taken = 0
        self._closed = False

    def invoke(self, payload: bytes) -> Outcome:
        """Run the handler once; waits for a free environment where the cloud would start one more."""
        if len(payload) > PAYLOAD_LIMIT:
            return failure("RequestTooLargeException", f"{len(payload)} bytes, the limit is {PAYLOAD_LIMIT}")
        worker = self._borrow()
        if worker is None:
            return failure("TooManyRequestsException", "Rate Exceeded.")
        try:
            outcome = worker.invoke(payload)
        finally:
            self._give_back(worker)
        if len(outcome.payload) > PAYLOAD_LIMIT:
            return failure(
                "Function.ResponseSizeTooLarge",
                f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes).",
            )
        return outcome

    def warm(self) -> None:
        """Start one environment if there is none, and wait until its handler is imported."""
        with self._free:
            if self._all:
                return
        worker = self._borrow()
        if worker is not None:
            worker.started()
            self._give_back(worker)

    def close(self) -> None:
        """Kill every environment, busy or not; later invocations are refused."""
        with self._free:
            self._closed = True
            doomed = list(self._all)
            self._all.clear()
            self._idle.clear()
            self._free.notify_all()
        for worker in doomed:
            worker.close()

    def _borrow(self) -> Worker | None:
        version = self._sources.version()
        give_up = time.monotonic() + _QUEUE_SECONDS
        with self._free:
            while not self._closed and time.monotonic() < give_up:
                if (worker := self._fresh(version)) is not None or self._taken + len(self._idle) < self._most:
                    self._taken += 1
                    return worker or self._start(version)
                self._free.wait(give_up - time.monotonic())
        return None

    def _fresh(self, version: int) -> Worker | None:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive and worker.version == version:
                return worker
            self._drop(worker)
        return None

    def _start(self, version: int) -> Worker:
        worker = Worker(self.spec, self._aws, version, self._log)
        self._all.add(worker)
        return worker

    def _give_back(self, worker: Worker) -> None:
        with self._free:
            self._taken -= 1
            if worker.alive and not self._closed:
                self._idle.append(worker)
            else:
                self._drop(worker)
            self._free.notify()

    def _drop(self, worker: Worker) -> None:
        self._all.discard(worker)
        # Reaping takes a moment that no caller should wait for.
        threading.Thread(target=worker.close, daemon=True).start()


class Fleet:
    """All functions of a stack by name."""

    def __init__(self, specs: Iterable[FunctionSpec], aws: Mapping[str, str], log: Callable[[str], None]) -> None:
        sources: dict[tuple[Path, ...], Sources] = {}
        self._functions: dict[str, Function] = {}
        self.web: WebFunction | None = None  # what the front leads to
        for spec in specs:
            folders = (spec.code, *spec.layers)
            watched = sources.setdefault(folders, Sources(folders))
            if spec.serves_http:
                self.web = WebFunction(spec, aws, watched, _prefixed(log, spec.name))
            else:
                self._functions[spec.name] = Function(spec, aws, watched, _prefixed(log, spec.name))

    def invoke(self, name: str, payload: bytes) -> Outcome:
        """Invoke a function by its physical name."""
        function = self._functions.get(name)
        if function is None:
            return failure("ResourceNotFoundException", f"there is no function {name} in the template")
        return function.invoke(payload)

    def warm(self) -> None:
        """Start one environment of every function, side by side."""
        self._each(Function.warm, WebFunction.address)

    def close(self) -> None:
        """Kill every worker."""
        self._each(Function.close, WebFunction.close)

    def _each(self, action: Callable[[Function], None], of_web: Callable[[WebFunction], object]) -> None:
        with ThreadPoolExecutor(max_workers=8) as pool:
            done = [pool.submit(action, function) for function in self._functions.values()]
            if self.web is not None:
                of_web(self.web)
            for each in done:
                each.result()


def _changed_at(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 (a Path per file would double the cost of the look)
    except FileNotFoundError:
        return 0  # an editor swapped the file after the listing; the next look sees the new one


def _prefixed(log: Callable[[str], None], name: str) -> Callable[[str], None]:
    return lambda line: log(f"[{name}] {line}")
