"""Many deliver workers in virtual time: real threads and the real flow, only waiting takes (virtual) time."""

from __future__ import annotations

import heapq
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from relay.edge.shell import records
from relay.effects.outbound import NoAnswer
from relay.effects.queues import Queues
from relay.effects.store import Store
from relay.flow.deliver import THREADS
from relay.flow.services import Services
from relay.flow.shares import Shares
from relay.flow.telling import tell
from relay.nouns.wire import Answer, Call
from tests.functional.harness import Harness
from tests.rules.tree import resources, template

MESSAGE = 0.05  # virtual seconds that a message costs beside its receiver: what AWS takes to answer
FIRST, LATER = "deliver", "retry"


class VirtualTime:
    """Moves on when every thread at work waits for it."""

    def __init__(self, now: list[int]) -> None:
        self.now, self.began = now, now[0]
        self.changed = threading.Condition()
        self.working = 0
        self._numbers = count()
        self._waiting: list[tuple[int, int, threading.Event]] = []

    @property
    def seconds(self) -> float:
        return (self.now[0] - self.began) / 1000

    def sleep(self, seconds: float) -> None:
        over = threading.Event()
        with self.changed:
            heapq.heappush(self._waiting, (self.now[0] + int(seconds * 1000), next(self._numbers), over))
            self.working -= 1
            self.changed.notify_all()
        assert over.wait(60), "virtual time stands still"

    def next(self) -> int | None:
        return self._waiting[0][0] if self._waiting else None

    def move_to(self, instant: int) -> None:
        self.now[0] = max(self.now[0], instant)
        while self._waiting and self._waiting[0][0] <= self.now[0]:
            self.working += 1
            heapq.heappop(self._waiting)[2].set()


class LockedClient:
    """moto's client behind a lock, because moto is not thread-safe."""

    def __init__(self, client: Any) -> None:
        self._client, self._lock = client, threading.RLock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found

        def called(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return found(*args, **kwargs)

        return called


@dataclass
class Simulation:
    """As many containers on each of the two queues as the template asks for, each with its batch and its threads.

    Hosts that begin with "hang" never answer; `told` says when each address was told, in seconds.
    """

    here: Harness
    told: dict[str, list[float]] = field(default_factory=dict)
    posted: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.time = VirtualTime(self.here.now)
        self.queues: dict[str, list[tuple[int, str]]] = {FIRST: [], LATER: []}
        self.idle = {
            queue: [self._container() for _ in range(template()["Parameters"][parameter]["Default"])]
            for queue, parameter in ((FIRST, "DeliverConcurrency"), (LATER, "RetryConcurrency"))
        }
        self.size = resources("AWS::Lambda::EventSourceMapping")["DeliverSource"]["BatchSize"]

    def _container(self) -> Services:
        tables = replace(self.here.services.store.tasks.tables, client=self._line())
        sqs: Any = self
        return replace(
            self.here.services,
            store=Store.over(tables, shards=1, utc_offset=8),
            queues=Queues(lambda: sqs, "dispatch", FIRST, "archive", LATER),
            http=self,  # type: ignore[arg-type]  # nothing but `send` is asked for
            shares=Shares(),
        )

    def _line(self) -> Any:
        self._one = getattr(self, "_one", None) or LockedClient(self.here.services.store.tasks.tables.client)
        return self._one

    # --- what the containers see ------------------------------------------------------------------------------

    def send_message(self, QueueUrl: str, MessageBody: str, DelaySeconds: int = 0) -> None:  # noqa: N803 - as SQS
        with self.time.changed:
            self.queues[QueueUrl].append((self.time.now[0] + DelaySeconds * 1000, MessageBody))

    def send(self, call: Call) -> Answer:
        host = call.url.split("/")[2]
        self.posted.append((host, call.timeout))
        if host.startswith("hang"):
            self.time.sleep(call.timeout)
            raise NoAnswer("ReadTimeout")
        self.told.setdefault(call.url, []).append(self.time.seconds)
        return Answer(204)

    # --- the cloud --------------------------------------------------------------------------------------------

    def run(self, until: Callable[[], bool], seconds: float) -> None:
        """Let everything work until something holds or so many virtual seconds are over; then end by itself."""
        while not until() and self.time.seconds < seconds:
            with self.time.changed:
                assert self.time.changed.wait_for(lambda: not self.time.working, 60)
                if sum(self._start(queue) for queue in self.queues) == 0:
                    self._move_on(seconds)
        while self.time.next() is not None:
            with self.time.changed:
                assert self.time.changed.wait_for(lambda: not self.time.working, 60)
                if (instant := self.time.next()) is not None:
                    self.time.move_to(instant)
        with self.time.changed:
            assert self.time.changed.wait_for(lambda: not self.time.working, 60)

    def _move_on(self, seconds: float) -> None:
        instants = [at for queue, held in self.queues.items() for at, _ in held if at > self.time.now[0]]
        instants += [instant for instant in [self.time.next()] if instant is not None]
        self.time.move_to(min([*instants, self.time.began + int(seconds * 1000)]))

    def _start(self, queue: str) -> bool:
        """Give a container a batch, if there is one of each."""
        now, held = self.time.now[0], self.queues[queue]
        batch = [message for message in held if message[0] <= now][: self.size]
        if not batch or not self.idle[queue]:
            return False
        for message in batch:
            held.remove(message)
        self.time.working += len(batch)
        services = self.idle[queue].pop(0)
        threading.Thread(target=self._work, args=(queue, services, [body for _, body in batch]), daemon=True).start()
        return True

    def _work(self, queue: str, services: Services, bodies: list[str]) -> None:
        left = [len(bodies)]

        def each(message: dict[str, Any]) -> None:
            try:
                self.time.sleep(MESSAGE)
                tell(services, message)
            finally:
                with self.time.changed:
                    left[0] -= 1
                    self.time.working -= left[0] > 0  # the last one's share is given back when the container is free
                    self.time.changed.notify_all()

        event = {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]}
        failed = records(event, each, THREADS)["batchItemFailures"]
        with self.time.changed:
            self.idle[queue].append(services)
            self.queues[queue] += [(self.time.now[0] + 360_000, bodies[int(each["itemIdentifier"])]) for each in failed]
            self.time.working -= 1
            self.time.changed.notify_all()


def owe_deliveries(
    here: Harness, account_id: str, url: str, number: int, attempt: int = 0, *, move: int | None = None
) -> list[dict[str, Any]]:
    """So many tasks that have ended and whose client is to be told, as messages; put straight into the table.

    With `move`, so many tasks under way, each with a move announced until this instant.
    """
    hot, asked = _ended(here)
    hot |= {"account_id": {"S": account_id}, "deliveries": {"N": str(attempt)}}
    hot |= {"delivery": {"S": "waiting"}, "next_move_at": {"N": str(move)}} if move else {}
    draft = json.dumps({**json.loads(asked["draft"]["S"]), "callback": {"url": url}})
    asked |= {"account_id": {"S": account_id}, "draft": {"S": draft}}
    tables = here.services.store.tasks.tables
    messages = []
    for serial in range(number):
        task_id = f"{hot['task_id']['S'][:-8]}{serial:08x}"
        for row, name in ((hot, task_id), (asked, f"{task_id}#request")):
            tables.client.put_item(TableName=tables.tasks, Item={**row, "task_id": {"S": name}})
        what = {"move": move, "later": True} if move else {"attempt": attempt}
        messages.append({"account_id": account_id, "task_id": task_id, **what})
    return messages


def _ended(here: Harness) -> list[dict[str, Any]]:
    """The rows of a task that has ended and its request."""
    model = here.submit_image(callback_url="https://client.example/hook")
    here.network.finish()
    here.pump()
    here.network.finish()
    here.wait(6)
    here.tick()
    tables = here.services.store.tasks.tables
    key = {"account_id": {"S": here.account_id}}
    rows = [
        tables.client.get_item(TableName=tables.tasks, Key={**key, "task_id": {"S": name}})["Item"]
        for name in (model, f"{model}#request")
    ]
    here.pump()
    return rows
