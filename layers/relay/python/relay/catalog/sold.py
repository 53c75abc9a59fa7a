"""Reading what is sold: the models, and the menus that name them. Raises Wrong with the place of a mistake."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from relay.catalog.toml_table import Table
from relay.nouns.catalog import VIDEO_SECONDS, Follow, Menu, Model, Offer, Source
from relay.nouns.draft import KINDS, Kind
from relay.nouns.inference import Rates
from relay.nouns.money import nanos

_AMOUNT = re.compile(r"(USD )?([0-9]{1,9}(?:\.[0-9]{1,9})?)", re.ASCII)
_SHAPE = re.compile(r"[1-9][0-9]?:[1-9][0-9]?|[1-9][0-9]{1,3}x[1-9][0-9]{1,3}", re.ASCII)
_WORD = re.compile(r"\S+")

# the words of each table
_MODEL = "kind price per duration follows sources output premium title"
_RATES = "input output cached written"
_SOURCE = "upstream api model label priority weight counts lengths sizes results"
_OFFER = "default models aliases actions"


def read_kind(words: Table, name: str, said: str | None = None) -> Kind:
    """The kind that `said`, or else the word itself, names."""
    if (kind := said or name) not in set(Kind):
        raise words.wrong(name, f"is no kind of task; there are: {', '.join(Kind)}")
    return Kind(kind)


def read_models(words: Table, usd: Decimal, upstreams: Collection[str]) -> Mapping[str, Model]:
    followed = {*Kind, *words.words}
    return {name: _model(name, each, usd, upstreams, followed) for name, each in words.tables(_MODEL)}


def read_menu(words: Table, models: Mapping[str, Model]) -> Menu:
    return {
        platform: {read_kind(kinds, kind): _offer(Kind(kind), each, models) for kind, each in kinds.tables(_OFFER)}
        for platform, kinds in words.tables()
    }


def _offer(kind: Kind, words: Table, models: Mapping[str, Model]) -> Offer:
    sold = dict[str, Model]()
    for where, said, name in _named(words):
        if name not in models or models[name].kind is not kind:
            raise words.wrong(where, f'holds "{name}", which is no {kind} model of [models]')
        if said in sold:
            raise words.wrong(where, f'holds "{said}" a second time')
        sold[said] = models[name]
    default = words.text("default")
    if default not in sold:
        raise words.wrong("default", f'is "{default}", which is not sold here; there are: {", ".join(sold)}')
    return Offer(default, sold, words.texts("actions", _WORD, '"text2video"'))


def _named(words: Table) -> Iterator[tuple[str, str, str]]:
    """Each model of an offer: where it stands, the client's name for it, and ours."""
    yield from (("models", name, name) for name in words.texts("models", _WORD, '"kling-v1"'))
    if "aliases" in words.words:
        aliases = words.table("aliases")
        yield from (("aliases", name, aliases.text(name)) for name in aliases.words)


def _model(name: str, words: Table, usd: Decimal, upstreams: Collection[str], followed: Collection[str]) -> Model:
    per, kind = words.text("per"), read_kind(words, "kind", words.text("kind"))
    units = KINDS[kind].units
    if per not in units:
        raise words.wrong("per", f'is "{per}"; what makes {kind} is priced per {" or ".join(units)}')
    sources = tuple(
        _source(kind, Table(each, (*words.path, "sources", number), _SOURCE), upstreams)
        for number, each in enumerate(words.list("sources", needed=True))
    )
    if per == "image" and any(source.results > 1 for source in sources):
        raise words.wrong("per", 'is "image", so that every result is paid for; then a source has no `results`')
    follows = words.table("follows").tables("after price") if "follows" in words.words else ()
    return Model(
        name=name,
        kind=kind,
        price=0 if per == "token" else _price(words, usd),
        per=per,
        sources=sources,
        duration=words.whole("duration", VIDEO_SECONDS),
        follows={action: _follow(each, usd, followed) for action, each in follows},
        rates=_rates(words.table("price", _RATES), usd) if per == "token" else None,
        output=words.whole("output", 0, 0) if per == "token" else 0,
        premium=words.flag("premium") if "premium" in words.words else False,
        title=words.text("title", ""),
    )


def _rates(words: Table, usd: Decimal) -> Rates:
    """Nanos for a million tokens. What is not said of the upstream's cache costs as much as any input."""
    paid = _amount(words, "input", usd)
    others = (_amount(words, name, usd) if name in words.words else paid for name in ("cached", "written"))
    return Rates(paid, _amount(words, "output", usd) if "output" in words.words else 0, *others)


def _amount(words: Table, name: str, usd: Decimal, least: int = 0) -> int:
    text = words.text(name)
    said = _AMOUNT.fullmatch(text)
    amount = nanos(Decimal(said[2]) * (usd if said[1] else 1)) if said else -1
    if amount < least:
        above = "above 0 " if least else ""
        raise words.wrong(name, f'is "{text}"; it must be an amount {above}in quotes, like "0.20" or "USD 0.02"')
    return amount


def _follow(words: Table, usd: Decimal, followed: Collection[str]) -> Follow:
    after = words.texts("after", _WORD, '"video"')
    if not after or not set(after) <= set(followed):
        raise words.wrong("after", "must name kinds of task, or models")
    return Follow(frozenset(after), _price(words, usd) if "price" in words.words else None)


def _price(words: Table, usd: Decimal) -> int:
    return _amount(words, "price", usd, least=1)


def _source(kind: Kind, words: Table, upstreams: Collection[str]) -> Source:
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
        sizes=words.texts("sizes", _SHAPE, '"16:9" or "1280x720"'),
        results=words.whole("results", 1),
    )
