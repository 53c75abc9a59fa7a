"""The one record of every request that costs money, and the facts that move it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from relay.nouns.draft import Kind
from relay.nouns.faults import Fault
from relay.nouns.usage import Calls
from relay.nouns.wire import Json


class State(StrEnum):
    ASKING = "asking"  # accepted and free: it waits for its client to complete the request
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

# What a client may be told: our own states fold into the seven canonical words.
STATUS: Mapping[State, State] = {
    **{state: state for state in State},
    State.ASKING: State.PENDING,
    State.SUBMITTING: State.QUEUED,
    State.STORING: State.PROCESSING,
}

# Who may end a task that is being stored, by the word for how a fact was learnt.
BY_ARCHIVE, BY_CLOCK, BY_CLIENT = "archive", "clock", "client"
GRACE = 30_000  # ms after which a message that asks a worker to act is taken for lost, and the clock acts itself


class Delivery(StrEnum):
    """Where the client's callback stands."""

    NONE = "none"  # the client gave no callback URL
    WAITING = "waiting"  # the task is not terminal yet
    OWED = "owed"
    DONE = "done"
    DEAD = "dead"  # given up; listed, and can be replayed


class Role(StrEnum):
    """What a file is to its task: a result that was asked for, or something that came with one."""

    MAIN = "main"
    COVER = "cover"
    PREVIEW = "preview"
    THUMBNAIL = "thumbnail"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of an outcome. `duration` is seconds, `ref` the upstream's id of this piece.

    It arrives with a `url`, which needs our key at the upstream where it is `private`, or inline as `data`, which goes
    into the bucket before the task is committed and never into a row.
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
    role: Role = Role.MAIN
    ref: str | None = None
    private: bool = False
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Observation:
    """What was learnt of a task at one moment, from a submit answer, a callback's query or a poll.

    `progress` is percent, 0-100. `unknown_word` is an upstream status nobody knows; it means "still running".
    `facts` is what an outcome says in words (text, prompts, seed, buttons, character, …), kept in a row of its own; of
    a job that is being made, what is known of it so far.
    `usage` is how many units of the price were really used, where the upstream says so.
    """

    state: State
    upstream_task_id: str | None = None
    progress: float = 0.0
    assets: tuple[Asset, ...] = ()
    fault: Fault | None = None
    unknown_word: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)
    usage: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """The hot row. Instants (`*_at`) are Unix milliseconds; `price` is integer nanos, frozen at submit.
    `most` results were asked for at most, and no more are kept. `unit_price` is the nanos of one unit of the price, 0
    where the call is what is paid for; `used` is how many units the upstream says it used, None where it does not.
    `tokens` are reserved from the month's, and once it ended those that were used. `due_at` is when the clock looks at
    this task again; None only when nothing is owed any more.
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
    used: int | None = None
    tokens: int = 0
    calls: Calls | None = None  # of an ended reservation for model calls: those it paid for
    state: State = State.PENDING
    version: int = 0
    due_at: int | None = None
    sending: bool = False
    tries: int = 0  # rounds in which every upstream refused it
    copies: int = 0  # attempts to copy the result
    polls: int = 0
    upstream: str | None = None
    api: str = ""
    label: str = ""  # the platform as the upstream calls it, where that is not `platform`
    action: str = ""  # as in the draft
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
    next_move_at: int | None = None  # when a move may be announced again, where any is; not written under `version`
    trace_id: str = ""  # of the request that made it
    client_ref: str = ""  # the client's own reference for it
    hidden: bool = False  # its client deleted it from its view; not written under `version`
    answered_at: int | None = None  # when its client completed it, where it waited for that; it was charged then
    cancel_asked_at: int | None = None  # when its client wanted it back from its upstream; not written under `version`
    cancel_sent_at: int | None = None  # when the upstream was asked for that, once; not written under `version`
    key_id: str = ""  # of the API key that made it; unknown of tasks that are older than this field
    preview: str = ""  # a digest of what is known in words while it is made, so that only news is written

    @property
    def log_keys(self) -> dict[str, Any]:
        """What every log line about this task carries."""
        return {"trace_id": self.trace_id, "account_id": self.account_id, "task_id": self.task_id}

    @property
    def charged_at(self) -> int:
        return self.answered_at or self.created_at

    @property
    def made(self) -> bool:
        """Whether its outcome is there: told already, or still being copied."""
        return self.state in (State.STORING, State.SUCCEEDED)

    @property
    def results(self) -> tuple[Asset, ...]:
        """The files that were asked for, without what came with them."""
        return tuple(asset for asset in self.assets if asset.role is Role.MAIN)

    @property
    def unsent(self) -> bool:
        """Whether nothing of it has been sent, nor is about to be: who sends it claims it before."""
        return self.state in (State.PENDING, State.SUBMITTING) and not self.sending

    @property
    def terminal(self) -> bool:
        return self.state in TERMINAL

    @property
    def status(self) -> State:
        """The canonical word for clients: pending, queued, processing or one of the four terminal states."""
        return STATUS[self.state]


FAULTS: Mapping[State, Fault] = {
    State.FAILED: Fault("GENERATION_FAILED"),
    State.CANCELLED: Fault("TASK_CANCELLED"),
    State.TIMEOUT: Fault("TASK_TIMEOUT"),
}
