"""The emulator's private side: how it is loaded, corrected, pointed at its state, read and emptied.

Every touch of a private name is here or in `local.emulated_tables`, and the emulator is pinned exactly: look there
first when that pin moves.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from local import emulated_tables
from local.journal import Journal
from local.template import REGION

ACCOUNT = "123456789012"
# Web pages may use presigned addresses and forms, so no page may be able to sign one.
SECRET = secrets.token_hex(20)

# Read at run time as well. Host and port are part of every queue's name, so they are constants: queues must keep
# their names when the next start listens on another port.
_SETTINGS = {
    "GATEWAY_PORT": "4566",
    "IOT_MTLS_ENABLED": "0",
    "MINISTACK_ACCOUNT_ID": ACCOUNT,
    "MINISTACK_HOST": "localhost",
    "MINISTACK_REGION": REGION,
    "SFTP_ENABLED": "0",
}
# Read once, when the emulator is imported, under names that mean something else to others in this process.
_IMPORT_SETTINGS = {"AUTH": "false", "LOG_LEVEL": "ERROR", "PERSIST_STATE": "0", "S3_PERSIST": "0"}

STATE = "state"


def load(
    state_dir: Path | None, execute: Callable[[str, Any], tuple[Any, bool]], journal: Callable[[], Journal | None]
) -> ASGIApp:
    """Import and correct the emulator, with its state under `state_dir` (None: in memory); returns its ASGI app.

    `journal` says where DynamoDB's writes are to be noted now, if at all.
    """
    app = _imported()
    emulated_tables.correct(journal)
    _run_functions_with(_module("services.lambda_svc"), execute)
    _verify_with_our_secret(_module("services.s3"))
    _verify_forms(app, _module("services.s3"))
    point_at(state_dir)
    asgi: ASGIApp = app.app
    return asgi


def _imported() -> Any:  # noqa: ANN401
    # The emulator can be told its settings by the environment only.
    os.environ.update(_SETTINGS)
    before = {name: os.environ.get(name) for name in _IMPORT_SETTINGS}
    os.environ.update(_IMPORT_SETTINGS)
    try:
        app = _module("app")
        # The slowest import of all: better now, while the transform runs on another core, than at the deployment.
        for service in ("cloudformation", "s3", "dynamodb", "lambda_svc"):
            _module(f"services.{service}")
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({} if value is None else {name: value})
    return app


def _module(name: str) -> Any:  # noqa: ANN401 (the emulator has no types)
    return importlib.import_module(f"ministack.{name}")


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


def _verify_forms(app: Any, objects: Any) -> None:  # noqa: ANN401
    """The emulator checks a form's signature only where it authenticates every request, and takes unsigned forms."""
    if hasattr(objects, "_forms_verified"):
        return
    objects._forms_verified = True
    check = objects._enforce_signed_post_policy

    def checked(*form: object) -> object:
        app.AUTH = True  # nothing else runs meanwhile: requests are served by one event loop
        try:
            return check(*form)
        finally:
            app.AUTH = False

    objects._enforce_signed_post_policy = checked
    objects._enforce_post_policy_size = lambda *_unsigned: objects._error("AccessDenied", "Access Denied", 403)


def point_at(state_dir: Path | None) -> None:
    """Say where state is loaded from at the start, and objects are kept; None: nowhere, all is in memory."""
    persistence, objects = _module("core.persistence"), _module("services.s3")
    kept = state_dir is not None
    persistence.PERSIST_STATE = _module("app").PERSIST_STATE = objects.S3_PERSIST = kept
    if state_dir is not None:
        folder = state_dir.resolve()
        persistence.STATE_DIR, objects.DATA_DIR = str(folder / STATE), str(folder / "objects")
        # by default a folder of the whole machine, where two stacks would write over each other's code
        _module("services.lambda_svc").CODE_BLOB_DIR = str(folder / "code")
        objects._load_persisted_data()


def readers() -> dict[str, Callable[[], Any]]:
    """How to read the state of each service in use."""
    found: dict[str, Callable[[], Any]] = _module("app")._build_persistence_save_dict()
    return found


def encoded(service: str, state: object) -> str | None:
    """A service's state as the emulator reads it at its next start; None if it has nothing to keep."""
    if state is None:
        return None
    persistence = _module("core.persistence")
    wrapped = {"__ministack_format__": persistence._state_format_version(service), "payload": state}
    return json.dumps(wrapped, default=persistence._json_default)


def unload() -> None:
    """Empty the emulator in memory, leaving the files, so that this process can open another one."""
    point_at(None)
    _module("app")._reset_all_state()


def bucket_at(host: str, path: str) -> str | None:
    """The existing bucket a request is for, by host name or path."""
    found = _module("app")._s3_cors_target(host, path)
    return str(found[0]) if found else None


def preflight(bucket: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """A bucket's answer to a page that asks whether its script may send a request."""
    answer: tuple[int, dict[str, str], bytes] = _module("services.s3").cors_preflight(bucket, "", headers)
    return answer


def cors_headers(bucket: str, method: str, headers: dict[str, str]) -> dict[str, str]:
    """What a bucket's rules say to a page beside an answer; empty where they allow it nothing."""
    found: dict[str, str] = _module("services.s3").cors_response_headers(bucket, method, headers)
    return found
