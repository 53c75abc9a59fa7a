"""Walks tasks along the main paths with the deployed handlers, and notes what each walk asked of AWS."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

import boto3

from benchmarks import events
from benchmarks.handlers import Handlers, Ran, document
from benchmarks.meter import Meter, Use
from relay.edge.wiring import services

REPEATS = 3
T = TypeVar("T", bound=Hashable)
PROMPT = (
    "a lighthouse on a cliff at dawn, seen from the sea, watercolour on rough paper, soft light, a few gulls, "
    "muted blues and a little warm yellow in the lamp / 黎明时分悬崖上的灯塔，水彩"
)
KIE, RELAY = "grok", "kling"  # platforms whose first route leads to the one upstream or the other


@dataclass(frozen=True)
class Path:
    """One way through the services: which upstream, learnt by `polls` or else by callback, told to a client or not."""

    name: str
    polls: int = 0
    told: bool = False
    fails: bool = False


BASE = Path("callback")
PATHS = (
    BASE,
    Path("callback, client told", told=True),
    Path("failure by callback, money back", fails=True),
    Path("polled once", polls=1),
    Path("polled 3 times", polls=3),
    Path("polled 3 times, client told", polls=3, told=True),
    Path("polled 5 times", polls=5),
)


COMPARED = (PATHS[0], PATHS[1], PATHS[4], PATHS[5])


@dataclass(frozen=True)
class Walk:
    """What a walk used, all medians of several: calls of the commonest walk, units, invocations and rows' bytes."""

    calls: dict[str, int]
    reads: float
    writes: float
    index_writes: float
    counted: float  # all units, as the embedded cloud reports them
    ran: tuple[Ran, ...]
    rows: dict[str, int]


@dataclass(frozen=True)
class Walked:
    paths: dict[str, Walk]
    status: Walk
    sweep: Walk
    lap: Walk  # of the poller, over a shard with nothing due
    metrics: tuple[str, ...]


def measure() -> Walked:
    """All paths, each several times after a walk that only warms up. Runs where `ground` told the environment."""
    walker = Walker()
    walker.along(PATHS[1])
    walker.along(PATHS[5])
    paths = {path.name: walker.often(lambda path=path: walker.along(path)) for path in PATHS}  # type: ignore[misc]
    task_id = walker.submitted(PROMPT, RELAY, told=False)
    soon = {"shard": 0, "until": int(time.time() * 1000) + 60_000}
    return Walked(
        paths,
        status=walker.often(lambda: walker.asked(task_id)),
        sweep=walker.often(lambda: walker.run("sweep", {})),
        lap=walker.often(lambda: walker.run("poll", soon)),
        metrics=tuple(sorted(walker.run.tape.metrics)),
    )


def compared() -> dict[str, Walk]:
    """The paths whose dollars are told for upstreams of several speeds."""
    walker = Walker()
    walker.along(PATHS[1])
    walker.along(PATHS[5])
    return {path.name: walker.often(lambda path=path: walker.along(path)) for path in COMPARED}  # type: ignore[misc]


def called_back() -> Walk:
    """The base path alone, with results archived or not, as the environment says."""
    walker = Walker()
    walker.along(BASE)
    # two of these are held against each other, and one odd walk among three may win
    return walker.often(lambda: walker.along(BASE), 7)


def fetched() -> Walk:
    """A client that follows the link to its archived result."""
    walker = Walker()
    link = walker.linked(walker.along(BASE))
    walker.followed(link)
    return walker.often(lambda: walker.followed(link))


class Walker:
    def __init__(self) -> None:
        self._looking = boto3.Session().client("dynamodb")
        self._sqs = boto3.Session().client("sqs")
        boto3.setup_default_session()
        self._meter = Meter(boto3._get_default_session(), self._looking)
        self.run = Handlers()

    def often(self, once: Callable[[], object], repeats: int = REPEATS) -> Walk:
        """Timed first, then counted: whoever counts looks at rows in between, and that takes time."""
        uses, rans = list[Use](), list[list[Ran]]()
        for _ in range(repeats):
            self.run.ran = []
            once()
            self._free_slots()
            rans.append(self.run.ran)
        for _ in range(repeats):
            with self._meter.measuring() as use:
                once()
            self._free_slots()
            uses.append(use)
        return _middle(uses, rans)

    def along(self, path: Path) -> str:
        """Take a new task along a path; its id."""
        prompt = f"{PROMPT} {'fails' if path.fails else f'after-{max(path.polls, 1)}'}"
        task_id = self.submitted(prompt, RELAY if path.polls else KIE, told=path.told)
        self._drain("dispatch", "DISPATCH_QUEUE_URL")
        if not path.polls:
            self._called_back(task_id)
        for _ in range(path.polls):
            self._come_due(task_id)
        self._drain("archive", "ARCHIVE_QUEUE_URL")
        self._drain("deliver", "DELIVER_QUEUE_URL")
        self._check(task_id, path)
        return task_id

    def submitted(self, prompt: str, platform: str, *, told: bool) -> str:
        body = {"prompt": prompt, "size": "1024x1024"} | ({"callback_url": os.environ["CLIENT_URL"]} if told else {})
        answer = self.run("submit", events.submit(os.environ["CLIENT_KEY"], platform, body))
        return str(document(answer)["task_id"])

    def asked(self, task_id: str) -> None:
        document(self.run("status", events.status(os.environ["CLIENT_KEY"], RELAY, task_id)))

    def linked(self, task_id: str) -> str:
        """The link a client is shown."""
        answer = document(self.run("status", events.status(os.environ["CLIENT_KEY"], KIE, task_id)))
        return str(answer["images"][0]["url"])

    def followed(self, link: str) -> None:
        answer = self.run("media", events.media(link))
        if answer["statusCode"] not in (200, 302):
            raise RuntimeError(f"the media endpoint answered {answer['statusCode']}: {answer['body']}")

    def _called_back(self, task_id: str) -> None:
        job = self._task(task_id)["upstream_task_id"]["S"]
        document(self.run("callback", events.kie_callback(os.environ["ACCOUNT_ID"], task_id, job)))

    def _come_due(self, task_id: str) -> None:
        """Let the task's due time come, instead of waiting for it, and run one lap of its shard."""
        now = int(time.time() * 1000)
        self._looking.update_item(
            TableName=os.environ["TASKS_TABLE"],
            Key=self._key(task_id),
            UpdateExpression="SET due_at = :now",
            ExpressionAttributeValues={":now": {"N": str(now)}},
        )
        self.run("poll", {"shard": services().store.tasks.shard(task_id), "until": now + 60_000})

    def _check(self, task_id: str, path: Path) -> None:
        row = self._task(task_id)
        found = (row["state"]["S"], row["delivery"]["S"], "due_at" in row)
        if found != ("failed" if path.fails else "succeeded", "done" if path.told else "none", False):
            raise RuntimeError(f"the path {path.name!r} ended as {found}")

    def _task(self, task_id: str) -> dict[str, Any]:
        row: dict[str, Any] = self._looking.get_item(TableName=os.environ["TASKS_TABLE"], Key=self._key(task_id))[
            "Item"
        ]
        return row

    def _key(self, task_id: str) -> dict[str, Any]:
        return {"account_id": {"S": os.environ["ACCOUNT_ID"]}, "task_id": {"S": task_id}}

    def _drain(self, worker: str, queue: str) -> None:
        """Run a worker on every message of its queue, also on those that come twice."""
        url = os.environ[queue]
        while messages := self._sqs.receive_message(QueueUrl=url).get("Messages"):
            self._sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])
            self.run(worker, events.queued(messages[0]["Body"]))

    def _free_slots(self) -> None:
        """Free the upstream's intake slots: its intake limit is no part of these paths."""
        for slot in range(20):
            key = {"lookup": {"S": f"slot#kie#{slot}"}}
            self._looking.delete_item(TableName=os.environ["DIRECTORY_TABLE"], Key=key)


def _middle(uses: list[Use], rans: list[list[Ran]]) -> Walk:
    """A message may come twice in one walk and not in the next: the commonest shape is the one that counts."""
    calls = _commonest([tuple(sorted(use.count.items())) for use in uses])
    uses = [use for use in uses if tuple(sorted(use.count.items())) == calls]
    shape = _commonest([tuple(ran.function for ran in walk) for walk in rans])
    usual = [walk for walk in rans if tuple(ran.function for ran in walk) == shape]
    steps = tuple(_middle_run(list(same)) for same in zip(*usual, strict=True))
    return Walk(
        dict(calls),
        median(use.reads for use in uses),
        median(use.writes for use in uses),
        median(use.index_writes for use in uses),
        median(use.counted for use in uses),
        steps,
        dict(max(uses, key=lambda use: use.rows.total()).rows),
    )


def _commonest(shapes: list[T]) -> T:
    return Counter(shapes).most_common(1)[0][0]


def _middle_run(same: list[Ran]) -> Ran:
    return Ran(
        same[0].function,
        median(ran.wall for ran in same),
        median(ran.cpu for ran in same),
        round(median(ran.log_lines for ran in same)),
        round(median(ran.log_bytes for ran in same)),
    )
