"""make serve: keep the relay up until told to stop, and say how to use it."""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from local.emulator import ACCOUNT, SECRET
from local.relayed import LocalRelay
from local.snapshot import empty
from ops.terms import READY_FILE
from relay.edge.wiring import catalog

LOG = Path(".local/functions.log")
CHAT = '{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"hello"}]}'


def serve(port: int, state: Path, ready_file: Path | None, *, fresh: bool) -> None:
    """Serve until SIGINT or SIGTERM. Raises RuntimeError while another stack uses the state here."""
    stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _: stop.append(got))
    if fresh and state.exists():
        empty(state)
    state.mkdir(parents=True, exist_ok=True)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    log_to(LOG)
    with LOG.open("a") as log:
        with LocalRelay(
            state_dir=state,
            port=port,
            real_keys=real_keys(Path(".env")),
            log=lambda line: print(line, file=log, flush=True),
        ) as relay:
            _announce(relay, ready_file)
            # Any thread may catch the signal, but only this one runs its handler: so it must wake by itself.
            while not stop:
                time.sleep(0.2)
            Console().print(f"stopping; the data stays in {state}", style="dim")
        READY_FILE.unlink(missing_ok=True)


def log_to(path: Path) -> None:
    """Write errors of the embedded cloud and its servers beside the functions' lines, not on the terminal."""
    logging.basicConfig(filename=path, level=logging.ERROR, force=True)


def real_keys(env: Path) -> Mapping[str, str]:
    """Upstream keys from a .env file, UPSTREAM_API_KEY=… each: those upstreams are then the real ones."""
    lines = env.read_text().splitlines() if env.exists() else []
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    given = {name.strip(): value.strip() for name, value in pairs}
    return {name: key for name in catalog().upstreams if (key := given.get(f"{name.upper()}_API_KEY"))}


def _announce(relay: LocalRelay, ready_file: Path | None) -> None:
    ready = {
        "url": relay.url,
        "api_key": relay.demo.api_key,
        "account_id": relay.demo.account_id,
        "webhook_secret": relay.demo.webhook_secret,
        "outputs": dict(relay.stack.outputs),
        "aws": {
            "endpoint_url": relay.stack.aws_url,
            "region_name": relay.stack.client("dynamodb").meta.region_name,
            "aws_access_key_id": ACCOUNT,
            "aws_secret_access_key": SECRET,
        },
    }
    told = instructions(relay) + _about_real(relay)
    relay.stack.welcome(told)
    Console(soft_wrap=True, highlight=False, markup=False).print(f"\n{told}\nCtrl-C stops it; logs: {LOG}")
    for path in filter(None, (READY_FILE, ready_file)):
        path.parent.mkdir(parents=True, exist_ok=True)
        # renamed into place, so that whoever waits for the file never reads half of it
        half = path.with_name(f"{path.name}.{os.getpid()}")
        half.write_text(json.dumps(ready, indent=2))
        half.replace(path)


def instructions(relay: LocalRelay) -> str:
    """How to use a served relay, as text to paste from; the served address shows it at / as well."""
    key = f"-H 'Authorization: Bearer {relay.demo.api_key}'"
    auth = f"{key} -H 'Content-Type: application/json'"
    return f"""genrelay is up at {relay.url}

demo key        {relay.demo.api_key}
webhook secret  {relay.demo.webhook_secret}
AWS endpoint    {relay.stack.aws_url}
operate it      .venv/bin/python -m ops --local --help

Make a picture, then ask for it:

curl -s {relay.url}/api/grok/images {auth} -d '{{"prompt":"a lighthouse at dawn"}}'
curl -s {relay.url}/api/grok/tasks {auth} -d '{{"task_id":"PASTE-IT-HERE"}}'

Ask a model, and read its answer while it is written:

curl -N {relay.url}/v1/chat/completions {auth} -d '{CHAT}'

Upload a picture of your own; the url in the answer may be an image_url:

curl -s {relay.url}/api/upload/file {key} -F 'file=@picture.png'
"""


def _about_real(relay: LocalRelay) -> str:
    if not relay.real:
        return ""
    names = ", ".join(relay.real)
    return f"""
REAL upstreams, billed to your keys from .env: {names}. They cannot call this machine back, so the relay asks
them every few seconds, and they cannot fetch files that were uploaded here.
"""
