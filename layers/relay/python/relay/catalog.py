"""What is sold, to whom, for how much and made by whom, read from catalog.toml. No I/O of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from relay.errors import InvalidParameter, NotFound, Unsupported
from relay.ledger import nanos
from relay.task import Draft, Kind

UNITS = ("call", "image", "second")
VIDEO_SECONDS = 5  # what a video lasts when neither the client nor the model says


@dataclass(frozen=True, slots=True)
class Route:
    """One way to have a model made: lowest `priority` first, among equals in proportion to `weight`."""

    upstream: str
    model: str
    api: str = ""
    priority: int = 1
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Model:
    """`price` is nanos per call, per second or per image; `duration` is the seconds of an unspecified video."""

    name: str
    price: int
    per: str
    routes: tuple[Route, ...]
    duration: int = VIDEO_SECONDS

    def cost(self, draft: Draft) -> int:
        units = {"call": 1, "image": draft.count, "second": draft.duration or self.duration}[self.per]
        return self.price * units


@dataclass(frozen=True, slots=True)
class Offer:
    """What one platform sells of one kind."""

    default: str
    models: Mapping[str, Model]
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Platform:
    name: str
    family: str
    offers: Mapping[Kind, Offer]


@dataclass(frozen=True, slots=True)
class Poll:
    """Seconds between looks at a task: `first`, then `interval` growing by `growth` up to `cap`."""

    first: int
    interval: int
    growth: Decimal
    cap: int

    def delay(self, polls: int) -> float:
        """Seconds to wait after `polls` looks."""
        if polls == 0:
            return float(self.first)
        # past this many looks the cap is long reached; keep the power small
        grown = Decimal(self.interval) * Decimal(self.growth) ** Decimal(min(polls - 1, 50))
        return float(min(grown, Decimal(self.cap)))


@dataclass(frozen=True, slots=True)
class Intake:
    limit: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Upstream:
    name: str
    family: str
    base_url: str
    callbacks: bool
    poll: Poll
    intake: Intake | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """Creations per minute and day, and tasks not yet ended at any moment."""

    level: int
    name: str
    per_minute: int
    per_day: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Catalog:
    currency: str
    utc_offset: int
    deadlines: Mapping[Kind, int]
    tiers: Mapping[int, Tier]
    upstreams: Mapping[str, Upstream]
    platforms: Mapping[str, Platform]

    def offer(self, family: str, platform: str, kind: Kind) -> Offer:
        """Raises NotFound for a platform this family does not sell, Unsupported for a kind it lacks."""
        found = self.platforms.get(platform)
        if found is None or found.family != family:
            raise NotFound(f"no platform named {platform[:40]!r}", "平台不存在")
        if kind not in found.offers:
            raise Unsupported(f"{platform} does not make {kind} tasks", f"平台 {platform} 不支持该类型")
        return found.offers[kind]

    def model(self, platform: str, kind: Kind, name: str | None) -> Model:
        """The named model, or the platform's default. Raises InvalidParameter naming the ones there are."""
        offer = self.platforms[platform].offers[kind]
        model = offer.models.get(name or offer.default)
        if model is None:
            known = ", ".join(sorted(offer.models))
            raise InvalidParameter("model", f"must be one of: {known}", f"必须是以下之一：{known}")
        return model


def load(text: str) -> Catalog:
    """Read a catalog. A word it does not know is a TypeError or ValueError naming it, a missing one a KeyError."""
    data = tomllib.loads(text)
    usd = Decimal(data["usd"])
    return Catalog(
        currency=data["currency"],
        utc_offset=data["utc_offset"],
        deadlines={Kind(kind): seconds for kind, seconds in data["deadlines"].items()},
        tiers={int(level): Tier(level=int(level), **tier) for level, tier in data["tiers"].items()},
        upstreams={name: _upstream(name, words) for name, words in data["upstreams"].items()},
        platforms={name: _platform(name, words, usd) for name, words in data["platforms"].items()},
    )


def _upstream(name: str, words: dict[str, Any]) -> Upstream:
    poll, intake = words.pop("poll"), words.pop("intake", None)
    return Upstream(
        name=name,
        poll=Poll(**{**poll, "growth": Decimal(poll["growth"])}),
        intake=Intake(**intake) if intake else None,
        **words,
    )


def _platform(name: str, words: dict[str, Any], usd: Decimal) -> Platform:
    family = words.pop("family")
    return Platform(name, family, {Kind(kind): _offer(offer, usd) for kind, offer in words.items()})


def _offer(words: dict[str, Any], usd: Decimal) -> Offer:
    models = {name: _model(name, model, usd) for name, model in words["models"].items()}
    return Offer(words["default"], models, tuple(words.get("actions", ())))


def _model(name: str, words: dict[str, Any], usd: Decimal) -> Model:
    price, routes = words.pop("price"), words.pop("routes")
    if words["per"] not in UNITS:
        raise ValueError(f"model {name}: per = {words['per']!r} is none of {', '.join(UNITS)}")
    rate, amount = (usd, price[4:]) if price.startswith("USD ") else (Decimal(1), price)
    return Model(
        name=name,
        price=nanos(Decimal(amount) * rate),
        routes=tuple(Route(**route) for route in routes),
        **words,
    )
