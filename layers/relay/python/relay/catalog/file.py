"""Reading catalog.toml. Every mistake is a CatalogError that says the line, what is wrong and what would be right."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal

from relay.catalog.toml_table import Table, Wrong, line_of
from relay.nouns.catalog import (
    UNPAID_UPLOADS,
    UPLOADS,
    VIDEO_SECONDS,
    Allowance,
    Catalog,
    Intake,
    Model,
    Offer,
    Platform,
    Poll,
    Source,
    Tier,
    Upstream,
)
from relay.nouns.draft import KINDS, Kind
from relay.nouns.money import nanos

_AMOUNT = re.compile(r"(USD )?([0-9]{1,9}(?:\.[0-9]{1,9})?)", re.ASCII)
_RATIO = re.compile(r"[1-9][0-9]?:[1-9][0-9]?", re.ASCII)

# the words of each table
_LIMITS = ("per_minute", "per_day", "in_flight", "reads_per_minute")
_TIER = " ".join(("name", *_LIMITS, "uploads"))
_UPSTREAM = "family base_url callbacks poll poll_alone intake"
_OFFER = "default actions models"
_MODEL = "price per duration sources"
_SOURCE = "upstream api model label priority weight counts lengths sizes results"


class CatalogError(ValueError):
    """A catalog that cannot be used; `line` is None where the file as a whole is meant."""

    def __init__(self, problem: str, line: int | None) -> None:
        self.line, self.problem = line, problem
        super().__init__(f"catalog.toml{f' line {line}' if line else ''}: {problem}")


def load(text: str) -> Catalog:
    """The catalog a text says. Raises CatalogError."""
    try:
        return _catalog(Table(tomllib.loads(text), ()))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line ([0-9]+)", str(error))
        raise CatalogError(f"this is not TOML: {error}", int(place[1]) if place else None) from error
    except Wrong as wrong:
        raise CatalogError(str(wrong), line_of(text, wrong.path)) from wrong


def _catalog(file: Table) -> Catalog:
    usd, deadlines = file.decimal("usd", "0.000001"), file.table("deadlines")
    upstreams = {name: _upstream(name, words) for name, words in file.table("upstreams").tables(_UPSTREAM)}
    catalog = Catalog(
        currency=file.text("currency"),
        utc_offset=file.whole("utc_offset", least=-12),
        deadlines={_kind(deadlines, name): deadlines.whole(name) for name in deadlines.words},
        tiers={_level(words): _tier(words) for _, words in file.table("tiers").tables(_TIER)},
        upstreams=upstreams,
        platforms={name: _platform(name, words, usd, upstreams) for name, words in file.table("platforms").tables()},
        unpaid_uploads=_allowance(file, "unpaid_uploads", UNPAID_UPLOADS),
    )
    for name, platform in catalog.platforms.items():
        for kind in platform.offers:
            if kind not in catalog.deadlines:
                raise file.table("platforms").table(name).wrong(kind.value, f"has no deadline: add [deadlines] {kind}")
    return catalog


def _kind(words: Table, name: str) -> Kind:
    if name not in set(Kind):
        raise words.wrong(name, f"is no kind of task; there are: {', '.join(Kind)}")
    return Kind(name)


def _level(words: Table) -> int:
    name = str(words.path[-1])
    if not re.fullmatch(r"[1-9][0-9]?", name, re.ASCII):
        raise Wrong(words.path, "must be named by its level, a number like [tiers.1]")
    return int(name)


def _tier(words: Table) -> Tier:
    per_minute, per_day, in_flight, reads = (words.whole(name) for name in _LIMITS)
    uploads = _allowance(words, "uploads", UPLOADS)
    return Tier(_level(words), words.text("name"), per_minute, per_day, in_flight, reads, uploads)


def _allowance(words: Table, name: str, otherwise: Allowance) -> Allowance:
    if name not in words.words:
        return otherwise
    said = words.table(name, "files megabytes")
    return Allowance(said.whole("files"), said.whole("megabytes"))


def _upstream(name: str, words: Table) -> Upstream:
    if not words.text("base_url").startswith("https://"):
        raise words.wrong("base_url", "must begin with https://")
    intake = words.table("intake", "limit seconds") if "intake" in words.words else None
    return Upstream(
        name=name,
        family=words.text("family"),
        base_url=words.text("base_url"),
        callbacks=words.flag("callbacks"),
        poll=_poll(words, "poll"),
        intake=Intake(intake.whole("limit"), intake.whole("seconds")) if intake else None,
        poll_alone=_poll(words, "poll_alone") if "poll_alone" in words.words else None,
    )


def _poll(words: Table, name: str) -> Poll:
    poll = words.table(name, "first interval growth cap")
    return Poll(poll.whole("first"), poll.whole("interval"), poll.decimal("growth", "1"), poll.whole("cap"))


def _platform(name: str, words: Table, usd: Decimal, upstreams: dict[str, Upstream]) -> Platform:
    kinds = {_kind(words, kind): words.table(kind, _OFFER) for kind in words.words if kind != "family"}
    return Platform(
        name, words.text("family"), {kind: _offer(kind, each, usd, upstreams) for kind, each in kinds.items()}
    )


def _offer(kind: Kind, words: Table, usd: Decimal, upstreams: dict[str, Upstream]) -> Offer:
    models = {name: _model(kind, name, each, usd, upstreams) for name, each in words.table("models").tables(_MODEL)}
    default = words.text("default")
    if default not in models:
        raise words.wrong("default", f'is "{default}", which is not sold here; there are: {", ".join(models)}')
    return Offer(default, models, words.texts("actions", re.compile(r"\w+"), '"text2video"'))


def _model(kind: Kind, name: str, words: Table, usd: Decimal, upstreams: dict[str, Upstream]) -> Model:
    per, duration = words.text("per"), words.whole("duration", VIDEO_SECONDS)
    units = KINDS[kind].units
    if per not in units:
        raise words.wrong("per", f'is "{per}"; what makes {kind} is priced per {" or ".join(units)}')
    sources = [
        _source(kind, Table(each, (*words.path, "sources", number), _SOURCE), upstreams)
        for number, each in enumerate(words.list("sources", needed=True))
    ]
    if per == "image" and any(source.results > 1 for source in sources):
        raise words.wrong("per", 'is "image", so that every result is paid for; then a source has no `results`')
    return Model(name, _price(words, usd), per, tuple(sources), duration)


def _price(words: Table, usd: Decimal) -> int:
    text = words.text("price")
    amount = _AMOUNT.fullmatch(text)
    price = nanos(Decimal(amount[2]) * (usd if amount[1] else 1)) if amount else 0
    if price <= 0:
        raise words.wrong("price", f'is "{text}"; it must be an amount above 0 in quotes, like "0.20" or "USD 0.02"')
    return price


def _source(kind: Kind, words: Table, upstreams: dict[str, Upstream]) -> Source:
    upstream = words.text("upstream")
    if upstream not in upstreams:
        raise words.wrong("upstream", f'is "{upstream}", which is no upstream; there are: {", ".join(upstreams)}')
    lengths = words.numbers("lengths")
    if kind is Kind.VIDEO and not lengths:
        raise words.wrong("lengths", 'is missing: the seconds this upstream makes, like [5, 10] or ["3-15"]')
    return Source(
        upstream=upstream,
        model=words.text("model", ""),
        api=words.text("api", ""),
        label=words.text("label", ""),
        priority=words.whole("priority", 1),
        weight=words.whole("weight", 1),
        counts=words.numbers("counts") or (1,),
        lengths=lengths,
        sizes=words.texts("sizes", _RATIO, '"16:9"'),
        results=words.whole("results", 1),
    )
