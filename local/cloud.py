"""Owns the embedded cloud: an emulator served on 127.0.0.1 by a thread of this process, with its known gaps closed."""

from __future__ import annotations

import asyncio
import http.client
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import boto3
from botocore.config import Config as ClientConfig
from hypercorn.asyncio import serve
from hypercorn.config import Config as ServerConfig
from hypercorn.typing import ASGIFramework

from local import emulator
from local.cors import by_bucket_rules
from local.emulator import ACCOUNT, SECRET
from local.forms import forms
from local.guard import App, guarded
from local.journal import Journal
from local.snapshot import Snapshot
from local.sockets import listening
from local.template import REGION

_START_SECONDS = 15.0


class Cloud:
    """AWS as far as the template needs it; one at a time, because the emulator is global state."""

    _open: Cloud | None = None

    def __init__(
        self,
        state_dir: Path | None,
        execute: Callable[[str, Any], tuple[Any, bool]],
        save_every: float = 5.0,
    ) -> None:
        """`execute(function, event)` runs a function for the emulator: its answer, and whether that is an error."""
        if Cloud._open is not None:
            raise RuntimeError("a Stack is already open in this process: close it, or use another process")
        self._snapshot = Snapshot(state_dir) if state_dir else None
        Cloud._open = self
        try:
            self._start(emulator.load(state_dir, execute, _journal))
            if self._snapshot:
                self._snapshot.restore()
        except BaseException:
            self._forget()
            raise
        self._session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key=SECRET, region_name=REGION)
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()
        self._closing = threading.Event()
        self._saver = threading.Thread(target=self._save_every, args=(save_every,), daemon=True)
        self._saver.start()

    def _start(self, app: App) -> None:
        self._app = app
        self._socket = listening(0)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._server = threading.Thread(target=self._serve, daemon=True)
        self._server.start()
        self._wait_until_up()

    def _serve(self) -> None:
        config = ServerConfig()
        # The emulator's socket is bound before it serves, so that no other process can take the port in between.
        config.bind = [f"fd://{self._socket.detach()}"]
        config.keep_alive_timeout = 75
        config.graceful_timeout = 0.2
        config.accesslog = config.errorlog = None
        app = cast("ASGIFramework", by_bucket_rules(forms(self._app, guarded(self._app))))
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(serve(app, config, shutdown_trigger=self._stop.wait))
        finally:
            self._loop.close()

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self._server.is_alive() and time.monotonic() < deadline:
            connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=_START_SECONDS)
            try:
                connection.request("GET", "/_ministack/health")
                connection.getresponse()
            except OSError:
                time.sleep(0.01)
            else:
                return
            finally:
                connection.close()
        raise RuntimeError("the embedded cloud did not start: its reason is on standard error")

    def client(self, service: str) -> Any:  # noqa: ANN401 (boto3 makes its clients at run time)
        """A boto3 client of this cloud; it ignores the AWS settings of this machine."""
        # A session is not made for several threads, but what it loaded for one client serves the next.
        with self._making:
            if service not in self._clients:
                # No retries: what fails against a cloud in the same process is an error to see, not weather.
                config = ClientConfig(retries={"max_attempts": 0}, read_timeout=70, max_pool_connections=50, proxies={})
                self._clients[service] = self._session.client(service, endpoint_url=self.url, config=config)
            return self._clients[service]

    def worker_environment(self) -> dict[str, str]:
        """What every worker needs to reach this cloud, and only this one."""
        return {
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def save(self) -> None:
        """Keep what is there now, so that a kill after this finds the deployment whole."""
        if self._snapshot:
            self._snapshot.save(tables=True)

    def _save_every(self, seconds: float) -> None:
        while self._snapshot and not self._closing.wait(seconds):
            self._snapshot.save()

    def close(self) -> None:
        """Save what is to be kept and stop serving."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._saver.join()
        # The emulator would save at its end too, in its slower way; ours comes when nothing changes any more.
        emulator.point_at(None)
        self._loop.call_soon_threadsafe(self._stop.set)
        self._server.join(timeout=3)
        self.save()
        emulator.unload()
        for client in self._clients.values():
            client.close()
        self._forget()

    def _forget(self) -> None:
        if self._snapshot:
            self._snapshot.release()
        Cloud._open = None


def _journal() -> Journal | None:
    """Where the open cloud notes its writes: the emulator is corrected once, and clouds come and go."""
    snapshot = Cloud._open._snapshot if Cloud._open else None
    return snapshot.journal if snapshot else None
