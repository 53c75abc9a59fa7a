"""A relay whose functions can be killed after any write; SQS hands their messages out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import IO, Any

from relay.effects.bucket import Bucket
from relay.effects.outbound import Incoming
from relay.effects.store import Store
from relay.flow.clock import Lap
from relay.flow.shares import Shares
from relay.nouns.wire import Answer, Call
from tests.functional.harness import Harness, worker_arguments
from tests.functional.network import Network

WRITES = frozenset({"put_item", "update_item", "transact_write_items", "send_message", "start_execution"})
# Seconds until SQS hands out the message of a killed function again, as in the template.
VISIBILITY = {"dispatch": 360, "archive": 3600, "deliver": 360, "retry": 360, "hold": 5400, "renew": 360}


class Killed(BaseException):
    """The function died here. No handler of ours may catch it, as none survives in the cloud."""


@dataclass
class CrashPoint:
    """Raises Killed once, after `writes_left` more writes; 0 never does."""

    writes_left: int = 0
    reached: bool = False

    def wrote(self) -> None:
        self.writes_left -= 1
        if self.writes_left == 0:
            self.reached = True
            raise Killed

    def around(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def written(*args: Any, **kwargs: Any) -> Any:
            answer = write(*args, **kwargs)
            self.wrote()
            return answer

        return written


class CrashingClient:
    """A boto3 client whose successful writes count towards the crash; other calls pass through."""

    def __init__(self, client: Any, crash_point: CrashPoint) -> None:
        self._client, self._crash_point = client, crash_point

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._crash_point.around(found) if name in WRITES else found


class CrashingBucket(Bucket):
    """The bucket; each object put counts towards the crash."""

    def __init__(self, bucket: Bucket, crash_point: CrashPoint) -> None:
        super().__init__(lambda: bucket._client, bucket._name)
        self._crash_point = crash_point

    def put(self, key: str, body: bytes, content_type: str) -> None:
        super().put(key, body, content_type)
        self._crash_point.wrote()

    def copy_in(self, key: str, source: IO[bytes], content_type: str) -> None:
        super().copy_in(key, source, content_type)
        self._crash_point.wrote()


@dataclass
class CrashingNetwork:
    """The network; each call that changes something elsewhere counts towards the crash."""

    network: Network
    crash_point: CrashPoint

    def check(self, url: str, seconds: float = 3.0) -> None:
        self.network.check(url, seconds)

    def send(self, call: Call) -> Answer:
        answer = self.network.send(call)
        if not call.repeatable:
            self.crash_point.wrote()
        return answer

    @contextmanager
    def open(self, call: Call, chunk: int = 1 << 16) -> Iterator[Incoming]:
        with self.network.open(call, chunk) as incoming:
            self.crash_point.wrote()
            yield incoming

    @contextmanager
    def stream(self, call: Call) -> Iterator[Incoming]:
        """Each piece that comes counts, for the upstream goes on while we read."""
        with self.network.stream(call) as incoming:
            yield replace(incoming, chunks=map(self._after_a_piece, incoming.chunks))

    def _after_a_piece(self, piece: bytes) -> bytes:
        self.crash_point.wrote()
        return piece


@dataclass
class CrashingHarness(Harness):
    """After a kill the messages come back; what the container had in memory is gone."""

    crash_point: CrashPoint = field(default_factory=CrashPoint)

    @classmethod
    def of(cls, here: Harness, crash_point: CrashPoint) -> CrashingHarness:
        crashing = cls(**{each.name: getattr(here, each.name) for each in fields(here)}, crash_point=crash_point)
        crashing.services = replace(here.services, http=CrashingNetwork(here.network, crash_point))
        crashing.new_container()
        return crashing

    def new_container(self) -> None:
        """Start a new container: same clients and tables, empty memory."""
        tables = self.services.store.tasks.tables
        client: Any = (
            tables.client
            if isinstance(tables.client, CrashingClient)
            else CrashingClient(tables.client, self.crash_point)
        )
        late: Any = CrashingClient(self.delayed, self.crash_point)
        self.services = replace(
            self.services,
            store=Store.over(replace(tables, client=client), shards=1, utc_offset=8),
            queues=self.connect_queues(late),
            bucket=CrashingBucket(self.services.bucket, self.crash_point),
            resting={},
            woken={},
            shares=Shares(),
        )

    def completes(self, work: Callable[[], object]) -> bool:
        """Run a function; False if it was killed."""
        try:
            work()
        except Killed:
            self.new_container()
            return False
        return True

    def tick(self) -> Lap:
        done: list[Lap] = []
        self.completes(lambda: done.append(Harness.tick(self)))
        return done[0] if done else Lap(more=True, wait=1)

    def _drain(self, url: str, worker: Callable[[dict[str, Any]], None]) -> int:
        messages = self.delayed.take(url)
        for message in messages:
            if not self.completes(lambda message=message: worker(worker_arguments(message))):  # type: ignore[misc]
                again = {"QueueUrl": url, "MessageBody": message["Body"]}
                self.delayed.held.append((self.now[0] + VISIBILITY[url.rsplit("/", 1)[-1]] * 1000, again))
        return len(messages)
