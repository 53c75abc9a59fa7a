"""The one record of every asynchronous request, its life, and the facts that move it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from relay.nouns.faults import Fault


class State(StrEnum):
    PENDING = "pending"  # accepted and charged, not yet handed to an upstream
    SUBMITTING = "submitting"  # being handed over; `sending` says whether a request may be on the wire
    QUEUED = "queued"
    PROCESSING = "processing"
    STORING = "storing"  # made, being copied to our own storage
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"


TERMINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.TIMEOUT})

# The one table of legal transitions. Only forward; what is terminal never changes.
_ORDER = (State.PENDING, State.SUBMITTING, State.QUEUED, State.PROCESSING, State.STORING)
LEGAL: Mapping[State, frozenset[State]] = {
    **{state: frozenset(_ORDER[rank + 1 :]) | TERMINAL for rank, state in enumerate(_ORDER)},
    **{state: frozenset() for state in TERMINAL},
}

# What a client may be told: our own intermediate states fold into the seven canonical words.
STATUS: Mapping[State, State] = {
    **{state: state for state in State},
    State.SUBMITTING: State.QUEUED,
    State.STORING: State.PROCESSING,
}


# Who may end a task that is being stored, by the word for how a fact was learnt.
BY_ARCHIVE, BY_CLOCK = "archive", "clock"
STORING_TIME = 3_600_000  # ms a result may take to be copied, retries and all
GRACE = 30_000  # ms after which a message that asks a desk to act is taken for lost, and the clock acts itself


class Kind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    MUSIC = "music"


class Delivery(StrEnum):
    """Where the client's callback stands."""

    NONE = "none"  # the client gave no callback URL
    WAITING = "waiting"  # the task is not terminal yet
    OWED = "owed"
    DONE = "done"
    DEAD = "dead"  # given up; listed, and can be replayed


@dataclass(frozen=True, slots=True)
class Asset:
    """One result. `duration` is seconds.

    A stored one has a `key` in the media bucket, with what was found when it was copied (`size` in bytes), and no
    `url` of its own: links to it are signed when it is shown, and `expires_at` (Unix ms) says until when they work.
    """

    url: str
    duration: float | None = None
    title: str | None = None
    key: str | None = None
    content_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One fact about a task, from a submit answer, a callback's query or a poll.

    `progress` is percent, 0-100. `unknown_word` is an upstream status nobody knows; it means "still running".
    """

    state: State
    upstream_task_id: str | None = None
    progress: float = 0.0
    assets: tuple[Asset, ...] = ()
    fault: Fault | None = None
    unknown_word: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a client asked for, in canonical words; `raw` is the request as it was sent, for families that echo it.

    `parent` is a task of ours to continue; `parent_upstream_task_id` and `pin` are filled from it at submit,
    because only the upstream that made the parent can continue it. `duration` is seconds.
    """

    dialect: str
    platform: str
    kind: Kind
    model: str
    prompt: str = ""
    action: str = ""
    count: int = 1
    size: str | None = None
    aspect_ratio: str | None = None
    duration: int | None = None
    image_urls: tuple[str, ...] = ()
    mask_url: str | None = None
    video_url: str | None = None
    parent: str | None = None
    parent_upstream_task_id: str | None = None
    pin: str | None = None
    lyrics: str | None = None
    style: str | None = None
    callback_url: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    raw: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """The hot row. Instants (`*_at`) are Unix milliseconds; `price` is integer nanos, frozen at submit.

    `most` results were asked for at most, and no more are kept; `unit_price` (nanos) goes back for each of them
    that was not made, 0 where the price does not depend on their number.
    `due_at` is when the clock looks at this task again; None only when nothing is owed any more.
    """

    account_id: str
    task_id: str
    dialect: str
    platform: str
    kind: Kind
    model: str
    price: int
    created_at: int
    expires_at: int
    most: int = 1
    unit_price: int = 0
    state: State = State.PENDING
    version: int = 0
    due_at: int | None = None
    sending: bool = False
    tries: int = 0
    polls: int = 0
    upstream: str | None = None
    api: str = ""
    upstream_task_id: str | None = None
    progress: float = 0.0
    assets: tuple[Asset, ...] = ()
    fault: Fault | None = None
    learnt: str = ""
    completed_at: int | None = None
    delivery: Delivery = Delivery.NONE
    deliveries: int = 0
    attempts: tuple[tuple[int, str], ...] = ()  # to tell the client: when, and the HTTP status or why there was none
    late_outcome: str = ""
    next_ask_at: int | None = None  # when a callback may make us ask again; not written under `version`
    trace_id: str = ""  # of the request that made it

    @property
    def log_keys(self) -> dict[str, Any]:
        """What every log line about this task carries."""
        return {"trace_id": self.trace_id, "account_id": self.account_id, "task_id": self.task_id}

    @property
    def terminal(self) -> bool:
        return self.state in TERMINAL

    @property
    def status(self) -> State:
        """The canonical word for clients: pending, queued, processing or one of the four terminal states."""
        return STATUS[self.state]

    @property
    def observation(self) -> Observation:
        """What a client of ours can learn of this task: the fact the mirror law carries round."""
        shown = self.assets if self.state is State.SUCCEEDED else ()
        return Observation(self.status, self.task_id, self.progress, shown, self.fault)


FAULTS: Mapping[State, Fault] = {
    State.FAILED: Fault("GENERATION_FAILED"),
    State.CANCELLED: Fault("TASK_CANCELLED"),
    State.TIMEOUT: Fault("TASK_TIMEOUT"),
}
NO_RESULT = Fault("GENERATION_FAILED", upstream_code="NO_RESULT")


def advance(task: Task, seen: Observation, now: int, learnt: str, *, store: bool = False) -> Task | None:
    """The task after `seen`, or None where `seen` changes nothing. Pure; the caller commits it.

    A success without a result is a failure: nobody can be handed nothing and charged for it. Of more results than
    were asked for the first are kept. With `store` a success first has to be copied; from then on only the copying,
    or the clock, moves the task.
    """
    seen = replace(seen, assets=seen.assets[: task.most])
    if task.terminal or (task.state is State.STORING and learnt not in (BY_ARCHIVE, BY_CLOCK)):
        return None
    if seen.state is State.SUCCEEDED and not seen.assets:
        seen = replace(seen, state=State.FAILED, fault=NO_RESULT)
    if seen.state is State.SUCCEEDED and store and learnt != BY_ARCHIVE:
        return _made(task, seen, now, learnt)
    state = seen.state if seen.state in LEGAL[task.state] else task.state
    after = replace(
        task,
        state=state,
        sending=False,
        upstream_task_id=task.upstream_task_id or seen.upstream_task_id,
        progress=100.0 if state is State.SUCCEEDED else max(task.progress, min(seen.progress, 100.0)),
    )
    if after == task:
        return None
    if state not in TERMINAL:
        return replace(after, version=task.version + 1)
    if state is State.SUCCEEDED:
        return _ended(replace(after, assets=seen.assets, learnt=task.learnt or learnt), now)
    return _ended(replace(after, assets=(), fault=seen.fault or FAULTS[state], learnt=task.learnt or learnt), now)


def _made(task: Task, seen: Observation, now: int, learnt: str) -> Task:
    """Made, and to be copied: the deadline moves, for the upstream has done its part."""
    return replace(
        task,
        version=task.version + 1,
        state=State.STORING,
        sending=False,
        upstream_task_id=task.upstream_task_id or seen.upstream_task_id,
        assets=seen.assets,
        learnt=learnt,
        tries=0,
        due_at=now + GRACE,
        expires_at=max(task.expires_at, now + STORING_TIME),
    )


def _ended(task: Task, now: int) -> Task:
    owed = task.delivery is Delivery.WAITING
    return replace(
        task,
        version=task.version + 1,
        completed_at=now,
        delivery=Delivery.OWED if owed else task.delivery,
        due_at=now + GRACE if owed else None,
    )


def uuid7(now: int, random: int) -> str:
    """UUIDv7 text of an instant (Unix ms) and 74 random bits: sorts by time, looks like any UUID (RFC 9562)."""
    rand_a, rand_b = (random >> 62) & 0xFFF, random & ((1 << 62) - 1)
    return str(UUID(int=(now & ((1 << 48) - 1)) << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b))
