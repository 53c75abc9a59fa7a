"""A world whose functions can die after any write, and a cloud that gives their work to the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import IO, Any

from relay.effects.bucket import Bucket
from relay.effects.outbound import Incoming
from relay.effects.queues import Queues
from relay.effects.store import Store
from relay.flow.clock import Lap
from relay.flow.shares import Shares
from relay.nouns.wire import Answer, Call
from tests.functional.network import Network
from tests.functional.world import World, told

WRITES = frozenset({"put_item", "update_item", "transact_write_items", "send_message", "start_execution"})
# Seconds until SQS gives a message again whose function died: the template's, the shorter one before any deadline.
VISIBILITY = {"dispatch": 360, "archive": 3600, "deliver": 360, "retry": 360}


class Killed(BaseException):
    """The function died here. No handler of ours may catch it, as none survives in the cloud."""


@dataclass
class Fuse:
    """Kills once, after the `length`-th write from now; 0 never does."""

    length: int = 0
    burnt: bool = False

    def wrote(self) -> None:
        self.length -= 1
        if self.length == 0:
            self.burnt = True
            raise Killed

    def around(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def written(*args: Any, **kwargs: Any) -> Any:
            answer = write(*args, **kwargs)
            self.wrote()
            return answer

        return written


class Client:
    """A client whose successful writes burn the fuse; everything else passes through."""

    def __init__(self, client: Any, fuse: Fuse) -> None:
        self._client, self._fuse = client, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._fuse.around(found) if name in WRITES else found


class Deposit(Bucket):
    """The bucket, where every object that is put burns the fuse."""

    def __init__(self, bucket: Bucket, fuse: Fuse) -> None:
        super().__init__(lambda: bucket._client, bucket._name)
        self._fuse = fuse

    def put(self, key: str, body: bytes, content_type: str) -> None:
        super().put(key, body, content_type)
        self._fuse.wrote()

    def copy_in(self, key: str, source: IO[bytes], content_type: str) -> None:
        super().copy_in(key, source, content_type)
        self._fuse.wrote()


@dataclass
class Wire:
    """The network, where whatever leaves us to change something elsewhere counts as a write."""

    network: Network
    fuse: Fuse

    def check(self, url: str, seconds: float = 3.0) -> None:
        self.network.check(url, seconds)

    def send(self, call: Call) -> Answer:
        answer = self.network.send(call)
        if not call.repeatable:
            self.fuse.wrote()
        return answer

    @contextmanager
    def open(self, call: Call, chunk: int = 1 << 16) -> Iterator[Incoming]:
        with self.network.open(call, chunk) as incoming:
            self.fuse.wrote()
            yield incoming


@dataclass
class Mortal(World):
    """A world that survives its functions: what they held comes back, what they remembered does not."""

    fuse: Fuse = field(default_factory=Fuse)

    @classmethod
    def of(cls, here: World, fuse: Fuse) -> Mortal:
        mortal = cls(**{each.name: getattr(here, each.name) for each in fields(here)}, fuse=fuse)
        mortal.services = replace(here.services, http=Wire(here.network, fuse))
        mortal.reborn()
        return mortal

    def reborn(self) -> None:
        """A new container: clients and tables are the same, nothing is remembered."""
        tables = self.services.store.tasks.tables
        client: Any = tables.client if isinstance(tables.client, Client) else Client(tables.client, self.fuse)
        late: Any = Client(self.late, self.fuse)
        self.services = replace(
            self.services,
            store=Store.over(replace(tables, client=client), shards=1, utc_offset=8),
            queues=Queues(lambda: late, self.dispatch_url, self.deliver_url, self.archive_url, self.retry_url),
            bucket=Deposit(self.services.bucket, self.fuse),
            resting={},
            woken={},
            shares=Shares(),
        )

    def survives(self, work: Callable[[], object]) -> bool:
        """Run a function; False where it died."""
        try:
            work()
        except Killed:
            self.reborn()
            return False
        return True

    def tick(self) -> Lap:
        done: list[Lap] = []
        self.survives(lambda: done.append(World.tick(self)))
        return done[0] if done else Lap(more=True, wait=1)

    def _drain(self, url: str, desk: Callable[[dict[str, Any]], None]) -> int:
        messages = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if not self.survives(lambda message=message: desk(told(message))):  # type: ignore[misc]
                again = {"QueueUrl": url, "MessageBody": message["Body"]}
                self.late.held.append((self.now[0] + VISIBILITY[url.rsplit("/", 1)[-1]] * 1000, again))
        return len(messages)
