"""How long an account waits for its callbacks while another account's receiver never answers, on a served stack.

Run by hand; it ends by itself and stays on this machine: python -m benchmarks.hanging_receivers [hanging deliveries]
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.measured import BY_CALLBACK
from local.relayed import LocalRelay
from local.upstreams.inbox import Inbox
from relay.effects.store.codec import write_draft
from relay.nouns.draft import Callback
from relay.nouns.ids import uuid7
from relay.nouns.money import nanos
from relay.nouns.task import GRACE, Asset, Delivery, State

OTHERS = 20  # deliveries to the other account, one a second
PATIENCE = 90.0  # seconds until a missing callback is a failure
GOAL = 10.0  # seconds from the other account's message to its callback


@dataclass(frozen=True)
class Result:
    """Seconds each delivery to the other account took; connections made to the receiver that never answers."""

    hanging: int
    waited: list[float]
    connections: int


def measure(hanging: int) -> Result:
    """Raises RuntimeError where a delivery to the other account takes longer than PATIENCE."""
    with Inbox() as inbox, _silent_receiver() as (silent_url, connections), LocalRelay() as relay:
        relay.stack.warm()
        other = relay.deployment.open_account("other", 3, nanos("1"))
        flood = _add_owed_deliveries(relay, relay.demo.account_id, silent_url, hanging)
        others = _add_owed_deliveries(relay, other.account_id, inbox.url, OTHERS)
        _send(relay, flood)
        sent = {}
        for message in others:
            sent[str(message["task_id"])] = time.monotonic()
            _send(relay, [message])
            time.sleep(1)
        received = {str(post.body["task_id"]): post.at for post in inbox.wait(OTHERS, PATIENCE)}
        if received.keys() != sent.keys():
            raise RuntimeError(f"{len(received)} of {OTHERS} deliveries to the other account were made in time")
        return Result(hanging, [received[task_id] - at for task_id, at in sent.items()], len(connections))


@contextmanager
def _silent_receiver() -> Iterator[tuple[str, list[socket.socket]]]:
    """A receiver that accepts every connection and never answers."""
    held = list[socket.socket]()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:

        def take() -> None:
            try:
                while True:
                    held.append(server.accept()[0])
            except OSError:
                return  # closed: the measurement is over

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook", held
        server.shutdown(socket.SHUT_RDWR)
    for connection in held:
        connection.close()


def _add_owed_deliveries(relay: LocalRelay, account_id: str, url: str, number: int) -> list[dict[str, Any]]:
    """Insert ended tasks whose clients are owed a callback; their queue messages."""
    store, now = relay.deployment.store, time.time_ns() // 1_000_000
    model = BY_CALLBACK.task(account_id, now, 0)
    model = replace(model, state=State.SUCCEEDED, delivery=Delivery.OWED, due_at=now + GRACE, completed_at=now)
    files = (Asset("https://files.example.com/a.png"),)
    model = replace(model, upstream=BY_CALLBACK.upstream, upstream_task_id="job", assets=files)
    draft = {"S": write_draft(BY_CALLBACK.draft("a lighthouse", Callback(url)))}
    tables, messages = store.tasks.tables, []
    for serial in range(number):
        task = replace(model, task_id=uuid7(now, serial + (hash(account_id) & 0xFFFF) * 100_000))
        row = store.tasks.row(task)
        request = {"account_id": row["account_id"], "task_id": {"S": f"{task.task_id}#request"}, "draft": draft}
        puts: Any = [{"PutRequest": {"Item": item}} for item in (row, request)]
        tables.client.batch_write_item(RequestItems={tables.tasks: puts})
        messages.append({"account_id": account_id, "task_id": task.task_id, "attempt": 0})
    return messages


def _send(relay: LocalRelay, messages: list[dict[str, Any]]) -> None:
    sqs = relay.stack.client("sqs")
    for start in range(0, len(messages), 10):
        entries: Any = [
            {"Id": str(number), "MessageBody": json.dumps(message)}
            for number, message in enumerate(messages[start : start + 10])
        ]
        sqs.send_message_batch(QueueUrl=relay.stack.outputs["DeliverQueueUrl"], Entries=entries)


def main() -> None:
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    waited = sorted(found.waited)
    middle, slowest = waited[len(waited) // 2], waited[-1]
    print(f"{found.hanging} deliveries hang, {found.connections} connections to their receiver")
    print(f"{len(waited)} others told: median {middle:.1f} s, slowest {slowest:.1f} s, goal {GOAL:.0f} s")


if __name__ == "__main__":
    main()
