"""How many deliverers one account may hold at once, and which receivers lately did not answer."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from relay.flow.services import Services

PLACES = 3  # containers that deliver for one account at the same time, on each queue
PLACE_MS = 25_000  # ms after which the place of a container that was killed is free again
ATTEMPT_MS = 18_000  # ms one delivery may take: the receiver's 15 s and what is around them
FULL_MS = 500  # ms a container does not look for a place again where it found none
HUNG_MS = 600_000  # ms a receiver that did not answer in time is given little time
LOOKED_MS = 5_000  # ms a container believes that a receiver has not hung


@dataclass
class Place:
    """One container's place for one account on one queue; `users` deliveries are using it. `until` is Unix ms."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    number: int | None = None
    until: int = 0
    full_until: int = 0
    users: int = 0


@dataclass
class Shares:
    """What one container knows: its places by queue and account, and receivers that hung or did not (Unix ms)."""

    holder: str = field(default_factory=lambda: uuid4().hex)
    places: dict[str, Place] = field(default_factory=dict)
    hung: dict[str, int] = field(default_factory=dict)  # until when a receiver counts as hanging
    looked: dict[str, int] = field(default_factory=dict)  # when the directory was last asked about it


@contextmanager
def share_of(services: Services, account_id: str, queue: str) -> Iterator[bool]:
    """Hold one of the account's places on the queue; False where as many containers as may do so already.

    Deliveries of one batch use their container's place together, and the last gives it back. The place of a worker
    that is killed runs out.
    """
    name = f"{queue}#{account_id}"
    place = services.shares.places.setdefault(name, Place())
    with place.lock:
        taken = _take(services, name, place)
        place.users += taken
    try:
        yield taken
    finally:
        with place.lock:
            place.users -= taken
            if taken and not place.users and place.number is not None:
                services.store.directory.leave_place(f"{name}#{place.number}", services.shares.holder, services.clock())
                place.until = 0


def _take(services: Services, name: str, place: Place) -> bool:
    now = services.clock()
    if place.until - now >= ATTEMPT_MS:
        return True
    if place.full_until > now:
        return False
    last = place.number
    for number in sorted(random.sample(range(PLACES), PLACES), key=lambda each: each != last):  # our own first
        if services.store.directory.take_place(f"{name}#{number}", services.shares.holder, now, now + PLACE_MS):
            place.number, place.until = number, now + PLACE_MS
            return True
    place.full_until = now + FULL_MS
    return False


def recently_hung(services: Services, account_id: str, url: str) -> bool:
    """Whether the account's receiver at this host lately gave no answer in time, as the directory knows."""
    shares, now, receiver = services.shares, services.clock(), _receiver(account_id, url)
    if shares.hung.get(receiver, 0) <= now and now - shares.looked.get(receiver, -LOOKED_MS) >= LOOKED_MS:
        shares.hung[receiver] = services.store.directory.hung_until(receiver)
        shares.looked[receiver] = now
    return shares.hung[receiver] > now


def note_hung(services: Services, account_id: str, url: str) -> None:
    """Remember that a receiver had its whole time and gave no answer."""
    receiver, until = _receiver(account_id, url), services.clock() + HUNG_MS
    if not recently_hung(services, account_id, url):
        services.shares.hung[receiver] = until
        services.store.directory.note_hung(receiver, until)


def _receiver(account_id: str, url: str) -> str:
    """An account's host. Not the host alone: accounts may share one, and only the one's paths there may hang."""
    origin = "/".join(url.split("/", 3)[:3]).lower()
    return f"{account_id}#{hashlib.sha256(origin.encode()).hexdigest()[:16]}"
