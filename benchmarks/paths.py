"""Runs tasks along the main paths through the deployed handlers, and counts what each run used of AWS."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3

from benchmarks import events
from benchmarks.handlers import Handlers, Invocation, document
from benchmarks.measured import BY_CALLBACK, BY_POLLING, Picture
from benchmarks.meter import Meter, Use
from benchmarks.path_use import PathUse, median_use
from relay.edge.wiring import services

REPEATS = 3
PROMPT = (
    "a lighthouse on a cliff at dawn, seen from the sea, watercolour on rough paper, soft light, a few gulls, "
    "muted blues and a little warm yellow in the lamp / 黎明时分悬崖上的灯塔，水彩"
)


@dataclass(frozen=True)
class Path:
    """One course of a task: its outcome learnt by `polls` or else by callback, a client callback sent or not."""

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
class AllPaths:
    paths: dict[str, PathUse]
    status: PathUse
    sweep: PathUse
    lap: PathUse  # of the poller, over a shard with nothing due
    metrics: tuple[tuple[str, ...], ...]


def measure() -> AllPaths:
    """All paths, several times each, after a warm-up. Needs the environment of `embedded_cloud`."""
    runner = PathRunner()
    runner.run_path(PATHS[1])
    runner.run_path(PATHS[5])
    paths = {path.name: runner.repeat(lambda path=path: runner.run_path(path)) for path in PATHS}  # type: ignore[misc]
    task_id = runner.submit(PROMPT, BY_POLLING, told=False)
    soon = {"shard": 0, "until": int(time.time() * 1000) + 60_000}
    return AllPaths(
        paths,
        status=runner.repeat(lambda: runner.query(task_id)),
        sweep=runner.repeat(lambda: runner.run("sweep", {})),
        lap=runner.repeat(lambda: runner.run("poll", soon)),
        metrics=tuple(sorted(runner.run.output.metrics)),
    )


def compared_paths() -> dict[str, PathUse]:
    """The paths whose cost is reported for several upstream speeds."""
    runner = PathRunner()
    runner.run_path(PATHS[1])
    runner.run_path(PATHS[5])
    return {path.name: runner.repeat(lambda path=path: runner.run_path(path)) for path in COMPARED}  # type: ignore[misc]


def callback_path() -> PathUse:
    """The base path alone, with results archived or not, as the environment says."""
    runner = PathRunner()
    runner.run_path(BASE)
    # the difference of two of these is reported: three runs let one outlier decide
    return runner.repeat(lambda: runner.run_path(BASE), 7)


def result_download() -> PathUse:
    """A client that follows the link to its archived result."""
    runner = PathRunner()
    link = runner.result_link(runner.run_path(BASE))
    runner.follow_link(link)
    return runner.repeat(lambda: runner.follow_link(link))


class PathRunner:
    def __init__(self) -> None:
        self._looking = boto3.Session().client("dynamodb")
        self._sqs = boto3.Session().client("sqs")
        boto3.setup_default_session()
        self._meter = Meter(boto3._get_default_session(), self._looking)
        self.run = Handlers()

    def repeat(self, once: Callable[[], object], repeats: int = REPEATS) -> PathUse:
        """Timed first, then counted, because counting reads rows in between and takes time."""
        uses, rans = list[Use](), list[list[Invocation]]()
        for _ in range(repeats):
            self.run.invocations = []
            once()
            self._free_slots()
            rans.append(self.run.invocations)
        for _ in range(repeats):
            with self._meter.measuring() as use:
                once()
            self._free_slots()
            uses.append(use)
        return median_use(uses, rans)

    def run_path(self, path: Path) -> str:
        """Take a new task along a path; its id."""
        prompt = f"{PROMPT} {'fails' if path.fails else f'after-{max(path.polls, 1)}'}"
        task_id = self.submit(prompt, BY_POLLING if path.polls else BY_CALLBACK, told=path.told)
        self._drain("dispatch", "DISPATCH_QUEUE_URL")
        if not path.polls:
            self._send_callback(task_id)
        for _ in range(path.polls):
            self._poll_now(task_id)
        self._drain("archive", "ARCHIVE_QUEUE_URL")
        self._drain("deliver", "DELIVER_QUEUE_URL")
        self._check(task_id, path)
        return task_id

    def submit(self, prompt: str, picture: Picture, *, told: bool) -> str:
        body = {"prompt": prompt, "size": "1024x1024"} | ({"callback_url": os.environ["CLIENT_URL"]} if told else {})
        answer = self.run("submit", events.submit(os.environ["CLIENT_KEY"], picture.platform, body))
        return str(document(answer)["task_id"])

    def query(self, task_id: str) -> None:
        document(self.run("status", events.status(os.environ["CLIENT_KEY"], BY_POLLING.platform, task_id)))

    def result_link(self, task_id: str) -> str:
        """The result link in the status answer."""
        answer = document(self.run("status", events.status(os.environ["CLIENT_KEY"], BY_CALLBACK.platform, task_id)))
        return str(answer["images"][0]["url"])

    def follow_link(self, link: str) -> None:
        answer = self.run("media", events.media(link))
        if answer["statusCode"] not in (200, 302):
            raise RuntimeError(f"the media endpoint answered {answer['statusCode']}: {answer['body']}")

    def _send_callback(self, task_id: str) -> None:
        job = self._task(task_id)["upstream_task_id"]["S"]
        document(self.run("callback", events.callback(os.environ["ACCOUNT_ID"], task_id, job)))

    def _poll_now(self, task_id: str) -> None:
        """Set the task's due time to now and run one lap of its shard."""
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
        """Run a worker on every message of its queue, duplicates included."""
        url = os.environ[queue]
        while messages := self._sqs.receive_message(QueueUrl=url).get("Messages"):
            self._sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])
            self.run(worker, events.queued(messages[0]["Body"]))

    def _free_slots(self) -> None:
        """Release the upstream's intake slots: waiting for one is no part of these paths."""
        for slot in range(20):
            key = {"lookup": {"S": f"slot#{BY_CALLBACK.upstream}#{slot}"}}
            self._looking.delete_item(TableName=os.environ["DIRECTORY_TABLE"], Key=key)
