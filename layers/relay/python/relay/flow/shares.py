"""How many containers deliver for one account at once, and which receivers recently did not answer in time.

Each account has PLACES places per queue, rows in the directory table that a container takes before it delivers.
"""

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

PLACES = 3  # containers that may deliver for one account at the same time, per queue
PLACE_MS = 25_000  # a place is free again after so long, also when its container was killed
ATTEMPT_MS = 18_000  # one delivery may take so long: the receiver's 15 s and our own reads and writes
FULL_MS = 500  # a container that found no place does not look again for so long
HUNG_MS = 600_000  # a receiver that did not answer in time gets the short timeout for so long
LOOKED_MS = 5_000  # a container trusts its last look at a receiver for so long


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
    """What one container remembers: its places, by "<queue>#<account>", and what it knows of receivers."""

    holder: str = field(default_factory=lambda: uuid4().hex)
    places: dict[str, Place] = field(default_factory=dict)
    hung: dict[str, int] = field(default_factory=dict)  # by receiver, Unix ms: until when it counts as hanging
    looked: dict[str, int] = field(default_factory=dict)  # by receiver, Unix ms: when the directory was last read


@contextmanager
def share_of(services: Services, account_id: str, queue: str) -> Iterator[bool]:
    """Hold one of the account's places on the queue; yields False where other containers hold all of them.

    The deliveries of one batch share their container's place; the last one gives it back.
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


def recently_hung(services: Services, account_id: str, url: str, *, moves: bool = False) -> bool:
    """Whether the account's receiver at this host recently did not answer in time, by the directory table.

    With `moves`, by moves: these are given less time than ends, and must not take any from them.
    """
    shares, now, receiver = services.shares, services.clock(), _receiver(account_id, url, moves)
    if shares.hung.get(receiver, 0) <= now and now - shares.looked.get(receiver, -LOOKED_MS) >= LOOKED_MS:
        shares.hung[receiver] = services.store.directory.hung_until(receiver)
        shares.looked[receiver] = now
    return shares.hung[receiver] > now


def note_hung(services: Services, account_id: str, url: str, *, moves: bool = False) -> None:
    """Note in the directory table that a receiver used up its whole timeout."""
    receiver, until = _receiver(account_id, url, moves), services.clock() + HUNG_MS
    if not recently_hung(services, account_id, url, moves=moves):
        services.shares.hung[receiver] = until
        services.store.directory.note_hung(receiver, until)


def _receiver(account_id: str, url: str, moves: bool) -> str:
    """Names an account's host, "<account>#<hash>". Accounts may share a host where only the paths of one hang."""
    origin = "/".join(url.split("/", 3)[:3]).lower()
    return f"{account_id}#{hashlib.sha256(origin.encode()).hexdigest()[:16]}{'#moves' if moves else ''}"
