"""How often somebody may try to log in or to register, counted before anything else is done."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from hashlib import sha256

from relay.flow.services import Services
from relay.nouns.errors import RateLimited

KEPT = 3600  # seconds that a counter stays after its window


@dataclass(frozen=True, slots=True)
class TryLimits:
    """The most tries in a window of so many seconds: with one e-mail address from one source, from one source, and
    with one e-mail address. The first keeps one source from using up the last for others."""

    name: str
    seconds: int
    of_both: int
    of_source: int
    of_email: int


LOGIN = TryLimits("login", 900, of_both=10, of_source=200, of_email=100)
REGISTER = TryLimits("register", 3600, of_both=10, of_source=100, of_email=100)


@dataclass(frozen=True, slots=True)
class Tries:
    """One try at an instant (Unix seconds), which is counted by `take`; `give_back` makes it count no more, since what
    came of it was no guess."""

    services: Services
    limits: TryLimits
    email: str
    source: str
    at: int

    def take(self) -> bool:
        """Whether there have been few enough with this e-mail address. Raises RateLimited where this source has tried
        too often."""
        *of_source, (address, most) = self._counters
        for what, each in of_source:
            if self._count(what, 1) > each:
                raise self.too_many()
        return self._count(address, 1) <= most

    def too_many(self) -> RateLimited:
        wait = self.limits.seconds - self.at % self.limits.seconds
        return RateLimited("too many tries; wait as Retry-After says", "尝试次数过多，请稍后重试", wait)

    @property
    def place(self) -> str:
        """What a source is remembered by, beside the login of this e-mail address."""
        return sha256(f"place|{self.email}|{network(self.source)}".encode()).hexdigest()[:16]

    def give_back(self) -> None:
        for what, _ in self._counters:
            self._count(what, -1)

    @property
    def _counters(self) -> tuple[tuple[str, int], ...]:
        source = network(self.source)
        return (
            (f"source|{source}", self.limits.of_source),
            (f"both|{self.email}|{source}", self.limits.of_both),
            (f"email|{self.email}", self.limits.of_email),
        )

    def _count(self, what: str, add: int) -> int:
        window = self.at // self.limits.seconds
        digest = sha256(f"{self.limits.name}|{what}".encode()).hexdigest()[:32]
        ttl = (window + 1) * self.limits.seconds + KEPT
        return self.services.store.logins.count_try(f"{digest}#{window}", ttl, add)


def network(source: str) -> str:
    """Whose an address is: of IPv6 the first 64 bits, since one customer has all the others."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    return str(ipaddress.ip_network((source, 64), strict=False)) if address.version == 6 else str(address)
