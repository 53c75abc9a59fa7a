"""Owns the jobs of one simulator: what was asked, how far the clock has carried each, and the counts tests read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from local.upstreams.faults import Fault
from local.upstreams.media import Kind
from local.upstreams.settings import Stages
from relay.nouns.draft import Draft

SLOW_FACTOR = 10.0
FOREVER = math.inf


@dataclass(frozen=True)
class Order:
    """What a family's create call asks for, read and checked."""

    kind: Kind
    prompt: str
    model: str
    size: str = "1:1"
    seconds: float = 5.0
    count: int = 1
    callback_url: str | None = None
    image_url: str | None = None
    cost: int = 1
    form: str = ""  # of a sound that is no MP3


@dataclass
class Job:
    """One accepted request; it moves by the clock alone, so nothing has to wake it.

    `request` is what was asked, as the wire that took it keeps it. `state` is where it stands whatever the clock says.
    """

    task_id: str
    api: str
    order: Order
    request: Any
    created: float
    stages: Stages
    outcome: Fault | None = None
    urls: Sequence[str] = ()
    covers: Sequence[str] = ()  # the picture that comes with each
    background: bytes | None = None
    # Set while the input picture is on its way, and when it cannot be had.
    fetching: bool = False
    problem: str | None = None
    state: str | None = None

    @property
    def callback_url(self) -> str:
        """Where to tell of it; empty where nobody asked."""
        return self.order.callback_url or ""

    @property
    def done_at(self) -> float:
        """When the outcome is known: never for some."""
        name = self.outcome.name if self.outcome else ""
        if name == "never":
            return FOREVER
        if name == "slow":
            extra = self.outcome.number if self.outcome else None
            return self.created + (self.stages.done * SLOW_FACTOR if extra is None else extra)
        return self.created + self.stages.done

    @property
    def failure(self) -> Literal["refuse", "fail", "bad-input"] | None:
        """Why this job will fail, if it will."""
        if self.problem is not None:
            return "bad-input"
        if self.outcome is None:
            return None
        names: dict[str, Literal["refuse", "fail", "bad-input"]] = {
            "refuse": "refuse",
            "fail": "fail",
            "bad-input": "bad-input",
        }
        return names.get(self.outcome.name)

    def stage(self, now: float) -> str:
        """Where the job stands at `now`."""
        if self.state is not None:
            return self.state
        if now >= self.done_at and not self.fetching:
            return "failed" if self.failure else "succeeded"
        if now >= self.created + self.stages.processing:
            return "processing"
        return "queued" if now >= self.created + self.stages.queued else "pending"

    def progress(self, now: float) -> float:
        """From 0 to 1; 1 only when done."""
        if self.stage(now) in ("succeeded", "failed"):
            return 1.0
        span = self.stages.done if self.done_at == FOREVER else self.done_at - self.created
        return min(0.99, max(0.0, (now - self.created) / span)) if span else 0.0


class Book:
    """Jobs by id, and how often what was asked; an unknown id is None.

    `streams` counts the answers of models that were "begun", and those whose client had "left" before the end.
    """

    def __init__(self) -> None:
        self.by_id: dict[str, Job] = {}
        self.arrived: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.streams: Counter[str] = Counter()

    def open(self, job: Job) -> Job:
        self.by_id[job.task_id] = job
        return job

    def find(self, task_id: str, api: str | None = None) -> Job | None:
        """None also when the job belongs to another API: families keep their records apart."""
        job = self.by_id.get(task_id)
        return job if job and api in (None, job.api) else None


def like_parent(draft: Draft, made: Draft) -> Draft:
    """A request that follows up on another; one that names no model is made as that was."""
    if draft.model:
        return draft
    return replace(draft, model=made.model, size=made.size, ratio=made.ratio, duration=draft.duration or made.duration)


def with_words(draft: Draft) -> Draft:
    """A request whose prompt is what is sung where it has no other: the marker of a fault may stand there."""
    return draft if draft.prompt else replace(draft, prompt=str(draft.options.get("lyrics") or ""))
