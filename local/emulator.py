"""Owns the emulator's private side: how it is loaded, corrected, pointed at its state, saved and emptied.

Every touch of a private name is in this module, and the emulator is pinned exactly: look here first when
that pin moves.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.guard import App
from local.template import REGION

ACCOUNT = "123456789012"
# Presigned object addresses are let through to web pages, so no page may be able to sign one.
SECRET = secrets.token_hex(20)

_DYNAMODB = (
    *("get_state", "_put_item", "_get_item", "_update_item", "_delete_item", "_query", "_scan"),
    *("_batch_write_item", "_batch_get_item", "_transact_write_items", "_transact_get_items"),
    "_execute_statement",
)

# Read once, when the emulator is imported. Host and port are part of every queue's name, so they are constants:
# queues must keep their names when the next start listens on another port.
_SETTINGS = {
    "AUTH": "false",
    "BIND_HOST": "127.0.0.1",
    "GATEWAY_PORT": "4566",
    "IOT_MTLS_ENABLED": "0",
    "LOG_LEVEL": "ERROR",
    "MINISTACK_ACCOUNT_ID": ACCOUNT,
    "MINISTACK_HOST": "localhost",
    "MINISTACK_REGION": REGION,
    "PERSIST_STATE": "0",
    "S3_PERSIST": "0",
    "SFTP_ENABLED": "0",
}


def load(state_dir: Path | None, execute: Callable[[str, Any], tuple[Any, bool]]) -> App:
    """Import and correct the emulator, with its state under `state_dir` (None: in memory); returns its ASGI app."""
    # Settings can only be given by the environment, and some are read again at run time: they have to stay.
    os.environ.update(_SETTINGS)
    app = _module("app")
    # The slowest import of all: better here, while the transform runs on another core, than at the deployment.
    _module("services.cloudformation")
    _lock_dynamodb(_module("services.dynamodb"))
    _run_functions_with(_module("services.lambda_svc"), execute)
    _verify_with_our_secret(_module("services.s3"))
    _point_at(state_dir)
    asgi: App = app.app
    return asgi


def _module(name: str) -> Any:  # noqa: ANN401 (the emulator has no types)
    return importlib.import_module(f"ministack.{name}")


def _lock_dynamodb(dynamodb: Any) -> None:  # noqa: ANN401
    """Step Functions and the saver call these from threads of their own, beside the server's."""
    lock = threading.RLock()

    def locked(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object, **options: object) -> object:
            with lock:
                return function(*args, **options)

        call.locked = True  # type: ignore[attr-defined]
        return call

    for name in _DYNAMODB:
        function = getattr(dynamodb, name)
        if not hasattr(function, "locked"):
            setattr(dynamodb, name, locked(function))


def _run_functions_with(functions: Any, execute: Callable[[str, Any], tuple[Any, bool]]) -> None:  # noqa: ANN401
    """Every way the emulator runs a function (queues, schedules, workflows, Invoke) ends in this one call."""

    def run(record: dict[str, Any], event: object, _request_id: str) -> dict[str, Any]:
        body, error = execute((record.get("config") or record)["FunctionName"], event)
        return {"body": body, "log": "", **({"error": True} if error else {})}

    functions._execute_function_warm = run
    # Our workers own their log lines; the emulator would keep four more per invocation for ever.
    functions._emit_lambda_logs = lambda *_args, **_options: None


def _verify_with_our_secret(objects: Any) -> None:  # noqa: ANN401
    """The emulator checks presigned addresses with the secret of this machine's own AWS account, if it has one."""
    resolve = _module("core.iam_evaluator").resolve_credential

    def resolved(*args: object, **options: object) -> object:
        found = resolve(*args, **options)
        known = dataclasses.is_dataclass(found) and hasattr(found, "secret_access_key")
        return dataclasses.replace(found, secret_access_key=SECRET) if known else found

    objects.resolve_credential = resolved


def _point_at(state_dir: Path | None) -> None:
    persistence, objects = _module("core.persistence"), _module("services.s3")
    kept = state_dir is not None
    persistence.PERSIST_STATE = _module("app").PERSIST_STATE = objects.S3_PERSIST = kept
    if state_dir is not None:
        folder = state_dir.resolve()
        persistence.STATE_DIR, objects.DATA_DIR = str(folder / "state"), str(folder / "objects")
        objects._load_persisted_data()


def save() -> None:
    """Write every service's state to disk; one that changed while it was read is read again."""
    persistence = _module("core.persistence")
    for service, read in _module("app")._build_persistence_save_dict().items():
        state = _read(read)
        if state is not None:
            persistence.save_state(service, state)


def _read(read: Callable[[], Any]) -> Any:  # noqa: ANN401
    for _ in range(5):
        try:
            return read()
        except RuntimeError:  # "changed size during iteration": the next look is at a newer, whole state
            continue
    return None


def unload() -> None:
    """Empty the emulator in memory, leaving the files, so that this process can open another one."""
    _point_at(None)
    _module("app")._reset_all_state()
