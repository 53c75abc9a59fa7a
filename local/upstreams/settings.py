"""Owns the values a simulated upstream is set up with, and nothing that changes while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local.upstreams.media import Kind


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

    # None means the account never enabled signatures, so callbacks come unsigned.
    kie_webhook_key: str | None = "EXAMPLE-webhook-hmac-key"
    aistudio_pushes: bool = False
    # A whsec_ secret; None sends the relay's callbacks unsigned.
    aistudio_webhook_secret: str | None = None
    pace: Pace = field(default_factory=Pace)
    intake_limit: int = 20
    intake_window: float = 10.0
    # Per task; None lifts it.
    queries_per_second: int | None = 3
    aistudio_creates_per_minute: int | None = None
    # Off, input pictures may be addresses nobody serves, as tests of the wire like them.
    kie_fetches_inputs: bool = False
    kie_credits: int = 100_000
    aistudio_balance_cents: int = 100_000
    # The documented 1, 5 and 15 minutes at a hundredth; the count of retries is kept.
    callback_retries: tuple[float, ...] = (0.6, 3.0, 9.0)
    callback_timeout: float = 15.0
    hang_seconds: float = 60.0
    links_live: float = 14 * 86400.0
    download_links_live: float = 20 * 60.0
    clock: Callable[[], float] = time.time

    def key(self, family: str) -> str:
        """The key a simulated upstream accepts."""
        return f"sk-EXAMPLE-upstream-{family}"


# What stands in for "the documented intervals" where a test or a person wants the real ones.
DOCUMENTED_RETRIES = (60.0, 300.0, 900.0)
