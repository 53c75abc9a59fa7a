"""What is sold, to whom, for how much and made by whom; relay/catalog/file.py reads it from files."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import InvalidParameter, NotFound, Unfit, Unsupported
from relay.nouns.inference import Rates
from relay.nouns.plans import Plan
from relay.nouns.tiers import UNPAID_UPLOADS, Allowance, Tier

VIDEO_SECONDS = 5  # what a video lasts when neither the client nor the model says


@dataclass(frozen=True, slots=True)
class Source:
    """One way to have a model made: lowest `priority` first, among equals in proportion to `weight`.

    `label` is the upstream's own word for the platform, where its API has one. `counts` are the numbers of images it
    makes at once, `lengths` the seconds its videos last and `sizes` the shapes it makes; an empty one of the latter two
    means any. `results` is how many it makes of a request for one.
    """

    upstream: str
    model: str
    api: str = ""
    label: str = ""
    priority: int = 1
    weight: int = 1
    counts: tuple[int, ...] = (1,)
    lengths: tuple[int, ...] = ()
    sizes: tuple[str, ...] = ()
    results: int = 1


@dataclass(frozen=True, slots=True)
class Follow:
    """What an action may continue, as names of kinds and of models, and its price where that is another."""

    after: frozenset[str]
    price: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """What is sold, under one name in all menus. `price` is nanos per call, second, image or character of the prompt;
    `duration` is the seconds of an unspecified video; `follows` are the actions that continue another task's result.
    Where a token is paid for, `rates` say how much, and `output` is the most of them that one answer has; `premium`
    models are for the tiers that may. `title` is what people call it.
    """

    name: str
    kind: Kind
    price: int
    per: str
    sources: tuple[Source, ...]
    duration: int = VIDEO_SECONDS
    follows: Mapping[str, Follow] = field(default_factory=dict)
    rates: Rates | None = None
    output: int = 0
    premium: bool = False
    title: str = ""

    def fit(self, draft: Draft, source: Source) -> Draft:
        """The draft as this source makes it: a video's length is the next one it makes. Raises Unfit for more."""
        if draft.count not in source.counts:
            raise Unfit("count", "is not a number made at once", "不是可一次生成的数量", source.counts)
        if draft.kind is not Kind.VIDEO:
            return draft
        wanted = draft.duration or self.duration
        length = next((each for each in source.lengths or (wanted,) if each >= wanted), None)
        if length is None:
            raise Unfit("duration", "is longer than any video made", "超过可生成的最长时长", source.lengths)
        return replace(draft, duration=length)

    def continues(self, action: str, model: str, kind: Kind) -> bool:
        """Whether an action of this model may go on from what that model made."""
        return action in self.follows and not self.follows[action].after.isdisjoint((model, kind))

    def cost(self, draft: Draft) -> int:
        """The price of a fitted draft."""
        units = {"image": draft.count, "second": draft.duration or self.duration, "character": len(draft.prompt)}
        return self._price(draft.action) * units.get(self.per, 1)

    def unit_price(self, draft: Draft) -> int:
        """Nanos of one unit of the price; 0 where the call is what is paid for."""
        return 0 if self.per == "call" else self._price(draft.action)

    @property
    def paid_rates(self) -> Rates:
        """The rates of a model whose tokens are paid for; nothing for any other."""
        return self.rates or Rates(0, 0, 0, 0)

    def most(self, draft: Draft) -> int:
        """How many results the request is for: as many as were asked, or as its upstreams always make."""
        return draft.count * max(source.results for source in self.sources)

    def _price(self, action: str) -> int:
        return (self.follows[action].price if action in self.follows else None) or self.price


@dataclass(frozen=True, slots=True)
class Offer:
    """What a dialect sells of one kind under one of its platform words; `models` are by the client's name for them."""

    default: str
    models: Mapping[str, Model]
    actions: tuple[str, ...] = ()

    def model(self, name: str | None, field: str = "model") -> Model:
        """The named model, or the default. Raises InvalidParameter for `field` with the names there are."""
        model = self.models.get(name or self.default)
        if model is None:
            known = ", ".join(sorted(self.models))
            raise InvalidParameter(field, f"must be one of: {known}", f"必须是以下之一：{known}")
        return model


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as a list tells of it: under the client's name for it; `allowed` says whether its tier may have it, `usd`
    how many units of the catalog's currency are a US dollar."""

    name: str
    model: Model
    allowed: bool
    usd: Decimal


Menu = Mapping[str, Mapping[Kind, Offer]]  # a dialect's: by its platform words, and by kind


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
        grown = Decimal(self.interval) * Decimal(self.growth) ** Decimal(min(polls - 1, 50))  # then the cap is reached
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
    poll_alone: Poll | None = None  # where its callbacks cannot reach us
    credential: str = ""  # a word of CREDENTIALS; empty: as its family's
    image_host: str = ""  # where its inputs are uploaded first, with the same key


@dataclass(frozen=True, slots=True)
class Catalog:
    currency: str
    usd: Decimal  # in `currency`
    utc_offset: int
    deadlines: Mapping[Kind, int]
    tiers: Mapping[int, Tier]
    upstreams: Mapping[str, Upstream]
    models: Mapping[str, Model]
    menus: Mapping[str, Menu]  # by dialect
    unpaid_uploads: Allowance = UNPAID_UPLOADS  # for accounts without a balance
    plans: Mapping[str, Plan] = field(default_factory=dict)

    def out_of_reach(self, names: Container[str]) -> Catalog:
        """The same catalog where these upstreams' callbacks cannot reach us, so that polling alone brings the news."""
        upstreams = {
            name: replace(each, poll=each.poll_alone or each.poll) if name in names else each
            for name, each in self.upstreams.items()
        }
        return replace(self, upstreams=upstreams)

    def offer(self, dialect: str, platform: str, kind: Kind) -> Offer:
        """Raises NotFound for a platform that is not on this dialect's menu, Unsupported for a kind it lacks."""
        offers = self.menus.get(dialect, {}).get(platform)
        if offers is None:
            raise NotFound(f"no platform named {platform[:40]!r}", "平台不存在")
        if kind not in offers:
            raise Unsupported(f"{platform} does not make {kind} tasks", f"平台 {platform} 不支持该类型")
        return offers[kind]
