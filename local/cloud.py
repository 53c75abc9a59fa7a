"""The embedded cloud: an emulator served on 127.0.0.1 by a thread of this process, with its known gaps closed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local import emulator
from local.cors import by_bucket_rules
from local.emulator import ACCOUNT, SECRET
from local.guard import guarded
from local.journal import Journal
from local.server import Server
from local.snapshot import Snapshot
from local.sockets import address, listening
from local.template import REGION


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
            app = by_bucket_rules(guarded(emulator.load(state_dir, execute, _journal)))
            listener = listening(0)
            self.url = address(listener)
            self._server = Server(app, listener, lifespan="on")
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

    def client(self, service: str) -> Any:  # noqa: ANN401 (boto3 makes its clients at run time)
        """A boto3 client of this cloud; it ignores the AWS settings of this machine."""
        # A session is not made for several threads, but what it loaded for one client serves the next.
        with self._making:
            if service not in self._clients:
                # No retries: what fails against a cloud in the same process is a defect, and would fail again.
                config = Config(retries={"max_attempts": 0}, read_timeout=70, max_pool_connections=50, proxies={})
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
        self._server.close()
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
