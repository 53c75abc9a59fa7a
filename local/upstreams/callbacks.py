"""Owns callback deliveries: when each is sent, how it is retried, and every way it can go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from local.upstreams import http
from local.upstreams.faults import Fault
from local.upstreams.jobs import Job

STALE_BY = 3600.0
REORDER_DELAY = 1.0
DUPLICATES = 3
FORGED_URL = "https://forged.example/not-the-result.png"

# Body and Unix seconds to headers; None leaves the delivery unsigned.
Signer = Callable[[bytes, int], Mapping[str, str]]


@dataclass(frozen=True)
class Event:
    """One thing to tell: at which time, and the body as it will be then."""

    at: float
    body: Callable[[], bytes]


@dataclass(frozen=True)
class Sent:
    """One attempt that left; `status` is 0 when nobody answered."""

    task_id: str
    url: str
    body: bytes
    status: int
    at: float
    forged: bool = False


@dataclass(frozen=True)
class Delivery:
    """All that a job's callbacks need; `forgeries` are bodies of the right shape that are not true."""

    task_id: str
    url: str
    events: Sequence[Event]
    sign: Signer | None
    forgeries: Callable[[], Sequence[bytes]]
    fault: Fault | None = None


def delivery_of(
    job: Job, url: str, events: Callable[[Job], Sequence[Event]], sign: Signer | None, fault: Fault | None
) -> Delivery:
    """The callbacks of a job; the forged ones are its last event, once as a success and once as a failure."""
    ended = replace(job, problem=None, fetching=False, state=None)
    forgeries = (replace(ended, outcome=None, urls=[FORGED_URL] * len(job.urls)), replace(ended, outcome=Fault("fail")))
    bodies = [events(each)[-1].body for each in forgeries]
    return Delivery(job.task_id, url, events(job), sign, lambda: [body() for body in bodies], fault)


class Callbacks:
    """Sends deliveries and remembers every attempt in `sent`."""

    def __init__(self, retries: Sequence[float], timeout: float, clock: Callable[[], float]) -> None:
        self.sent: list[Sent] = []
        self._retries, self._timeout, self._clock = tuple(retries), timeout, clock

    async def run(self, delivery: Delivery) -> None:
        """Carries out a delivery; returns when its last attempt is over."""
        name = delivery.fault.name if delivery.fault else ""
        if name == "lost":
            return
        if name == "forged":
            await self._forge(delivery, int(self._clock() - STALE_BY), delivery.sign)
        for event in delivery.events:
            # a lone callback can only change places with those of other tasks
            await self._sleep_until(event.at + (REORDER_DELAY if name == "reorder" else 0.0))
            if name == "delay" and delivery.fault:
                await asyncio.sleep(delivery.fault.number or 0.0)
            await self._deliver(delivery, event.body(), name)

    async def _deliver(self, delivery: Delivery, body: bytes, name: str) -> None:
        copies = int((delivery.fault and delivery.fault.number) or DUPLICATES) if name == "duplicate" else 1
        stamp = int(self._clock() - (STALE_BY if name == "stale" else 0.0))
        sign = None if name == "unsigned" else delivery.sign
        # At once, not one after the other: copies that overlap are the ones that race.
        await asyncio.gather(*(self._with_retries(delivery, body, stamp, sign) for _ in range(copies)))
        if name == "tampered":
            # The signature covers the task and the time only, so whoever sees it can put it on another body.
            await self._forge(delivery, stamp, sign)

    async def _with_retries(self, delivery: Delivery, body: bytes, stamp: int, sign: Signer | None) -> None:
        for pause in (*self._retries, None):
            status = await self._once(delivery, body, _headers(sign, body, stamp))
            if 200 <= status < 300 or pause is None:
                return
            await asyncio.sleep(pause)
            # A retry is signed for its own time, or late ones would look stale.
            stamp += round(pause)

    async def _forge(self, delivery: Delivery, stamp: int, sign: Signer | None) -> None:
        for body in delivery.forgeries():
            await self._once(delivery, body, _headers(sign, body, stamp), forged=True)

    async def _once(self, delivery: Delivery, body: bytes, headers: Mapping[str, str], forged: bool = False) -> int:
        try:
            status = await http.post(delivery.url, body, headers, self._timeout)
        except http.Unreachable:
            status = 0
        self.sent.append(Sent(delivery.task_id, delivery.url, body, status, self._clock(), forged))
        return status

    async def _sleep_until(self, at: float) -> None:
        while (left := at - self._clock()) > 0:
            if left == float("inf"):
                await asyncio.Event().wait()
            await asyncio.sleep(min(left, 60.0))


def _headers(sign: Signer | None, body: bytes, stamp: int) -> Mapping[str, str]:
    return sign(body, stamp) if sign else {}
