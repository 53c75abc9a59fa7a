"""A served stack under load: eight clients submit picture tasks as fast as they can, until every callback is in.

Everything shares this machine: the embedded cloud, the functions' workers, the simulated upstreams and the clients.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from statistics import quantiles

import requests

from benchmarks.processes import megabytes
from local.relayed import LocalRelay
from local.upstreams.inbox import Inbox

CLIENTS = 8
PATIENCE = 600.0  # seconds until a run that does not end is a failure


@dataclass(frozen=True)
class Served:
    """Seconds from a client's request to its callback; the endpoint's own answer time; memory of all processes."""

    tasks: int
    seconds: float
    told_p50: float
    told_p95: float
    answered_p50: float
    answered_p95: float
    megabytes: float
    drift: int


def measure(tasks: int) -> Served:
    """Raises RuntimeError where a callback is missing, sent twice or later than PATIENCE."""
    with Inbox() as inbox, LocalRelay(parameters={"ApiRate": "10000", "ApiBurst": "10000"}) as relay:
        relay.stack.warm()
        began = time.monotonic()
        sent, answered = _submit(relay, inbox.url, tasks)
        posts = inbox.wait(tasks, PATIENCE)
        seconds = time.monotonic() - began
        received = {str(post.body["task_id"]): post.at for post in posts}
        if received.keys() != sent.keys() or len(posts) != tasks:
            raise RuntimeError(f"{len(sent)} tasks accepted, {len(received)} told by {len(posts)} callbacks")
        waits = quantiles([received[task_id] - at for task_id, at in sent.items()], n=20, method="inclusive")
        answers = quantiles(answered, n=20, method="inclusive")
        drift = relay.deployment.store.accounts.drift(relay.demo.account_id)
        return Served(tasks, seconds, waits[9], waits[18], answers[9], answers[18], megabytes(os.getpid()), drift)


def _submit(relay: LocalRelay, callback_url: str, tasks: int) -> tuple[dict[str, float], list[float]]:
    """When each task was sent, and how long each answer took."""
    numbers, sent, answered = iter(range(tasks)), dict[str, float](), list[float]()
    body = {"prompt": "a lighthouse", "callback_url": callback_url}

    def client() -> None:
        with requests.Session() as http:
            http.headers["authorization"] = f"Bearer {relay.demo.api_key}"
            for _ in numbers:
                at = time.monotonic()
                answer = http.post(f"{relay.url}/api/grok/images", json=body, timeout=60)
                answer.raise_for_status()
                sent[answer.json()["task_id"]] = at
                answered.append(time.monotonic() - at)

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    return sent, answered


if __name__ == "__main__":
    print(measure(1_000))
