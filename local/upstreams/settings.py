"""Owns the values a simulated upstream is set up with, and nothing that changes while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local.upstreams.media import Kind
from relay.nouns.money import NANOS

# Keys of another form than most.
KEYS = {"kling": "ACCESS-EXAMPLE:secret-EXAMPLE-of-the-simulated-upstream"}


@dataclass(frozen=True)
class Stages:
    """Seconds after acceptance at which a job is queued, is worked on, and is done."""

    queued: float
    processing: float
    done: float

    @classmethod
    def of(cls, seconds: float) -> Stages:
        return cls(seconds * 0.1, seconds * 0.25, seconds)


@dataclass(frozen=True)
class Pace:
    """How long each kind of job takes."""

    image: Stages = field(default_factory=lambda: Stages.of(1.5))
    video: Stages = field(default_factory=lambda: Stages.of(4.0))
    music: Stages = field(default_factory=lambda: Stages.of(3.0))

    @classmethod
    def every(cls, seconds: float) -> Pace:
        """The same pace for every kind; 0.05 suits tests."""
        return cls(Stages.of(seconds), Stages.of(seconds), Stages.of(seconds))

    def of(self, kind: Kind) -> Stages:
        return {"image": self.image, "video": self.video, "music": self.music}[kind]


@dataclass(frozen=True)
class Settings:
    """One value for all simulators; times are seconds. Every key is an example and opens nothing real."""

    # Of families that sign; None means the account never enabled signatures, so callbacks come unsigned.
    webhook_key: str | None = "EXAMPLE-webhook-hmac-key"
    pace: Pace = field(default_factory=Pace)
    # Whether more new tasks are refused than the catalog says an upstream takes.
    limits_intake: bool = True
    # Per task, where the family limits that; None lifts it.
    queries_per_second: int | None = 3
    money: int = 100_000 * NANOS  # what the relay has paid in at each upstream
    # The documented 1, 5 and 15 minutes at a hundredth; the count of retries is kept.
    callback_retries: tuple[float, ...] = (0.6, 3.0, 9.0)
    callback_timeout: float = 15.0
    hang_seconds: float = 60.0
    # Before the first piece of a model's answer, and before each other.
    first_token: float = 0.0
    next_token: float = 0.0
    links_live: float = 14 * 86400.0
    download_links_live: float = 20 * 60.0
    clock: Callable[[], float] = time.time

    def key(self, upstream: str) -> str:
        """The key a simulated upstream accepts."""
        return KEYS.get(upstream, f"sk-EXAMPLE-upstream-{upstream}")
