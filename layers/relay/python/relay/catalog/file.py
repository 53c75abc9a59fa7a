"""Reading the catalog. Every mistake is a CatalogError: the file and line, what is wrong, what would be right."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files

from relay.catalog.plans import read_plans
from relay.catalog.sold import read_kind, read_menu, read_models
from relay.catalog.toml_table import Path, Table, Wrong, line_of
from relay.nouns.catalog import Catalog, Intake, Poll, Upstream
from relay.nouns.credential import CREDENTIALS
from relay.nouns.tiers import LINES, MAX_KEYS, UNPAID_UPLOADS, UPLOADS, Allowance, LineLimits, Tier

FILES = ("models.toml", "menus.toml", "upstreams.toml", "tiers.toml", "plans.toml")  # whatever stands in which of them

# the words of each table
_TOP = "currency usd utc_offset deadlines unpaid_uploads tiers plans upstreams models menus"
_LIMITS = ("per_minute", "per_day", "in_flight", "reads_per_minute")
_TIER = " ".join(("name", *_LIMITS, "uploads", "max_keys", "lines"))
_UPSTREAM = "family base_url image_host callbacks credential poll poll_alone intake"


class CatalogError(ValueError):
    """A catalog that cannot be used. `file` is empty where it is unknown, `line` None where the whole file is meant."""

    def __init__(self, problem: str, file: str, line: int | None) -> None:
        self.problem, self.file, self.line = problem, file, line
        super().__init__(f"{file or 'the catalog'}{f' line {line}' if line else ''}: {problem}")


def shipped() -> Catalog:
    return load({name: (files("relay.catalog") / name).read_text("utf-8") for name in FILES})


def load(texts: Mapping[str, str]) -> Catalog:
    """The catalog that files say, by their names. Raises CatalogError."""
    words = dict[str, object]()
    for file, text in texts.items():
        for name, value in _parsed(file, text).items():
            if name in words:
                raise CatalogError(f"{name} stands in another file as well", file, line_of(text, (name,)))
            words[name] = value
    try:
        return _catalog(Table(words, (), _TOP))
    except Wrong as wrong:
        raise CatalogError(str(wrong), *place(texts, wrong.path)) from wrong


def place(texts: Mapping[str, str], path: Path) -> tuple[str, int | None]:
    """The file and line where the value at `path` stands, or would stand."""
    found = ((file, line_of(text, path)) for file, text in texts.items())
    return next(((file, line) for file, line in found if line), ("", None))


def _parsed(file: str, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line ([0-9]+)", str(error))
        raise CatalogError(f"this is not TOML: {error}", file, int(line[1]) if line else None) from error


def _catalog(words: Table) -> Catalog:
    upstreams = {name: _upstream(name, each) for name, each in words.table("upstreams").tables(_UPSTREAM)}
    deadlines = {read_kind(each, name): each.whole(name) for each in [words.table("deadlines")] for name in each.words}
    usd = words.decimal("usd", "0.000001")
    models = read_models(words.table("models"), usd, upstreams)
    for name, model in models.items():
        if model.kind not in deadlines:
            raise words.table("models").table(name).wrong("kind", f"has no deadline: add [deadlines] {model.kind}")
    tiers = {_level(each): _tier(each) for _, each in words.table("tiers").tables(_TIER)}
    return Catalog(
        currency=words.text("currency"),
        usd=usd,
        utc_offset=words.whole("utc_offset", least=-12),
        deadlines=deadlines,
        tiers=tiers,
        upstreams=upstreams,
        models=models,
        menus={name: read_menu(each, models) for name, each in words.table("menus").tables()},
        plans=read_plans(words.table("plans"), usd, tiers) if "plans" in words.words else {},
        unpaid_uploads=_allowance(words, "unpaid_uploads", UNPAID_UPLOADS),
    )


def _level(words: Table) -> int:
    name = str(words.path[-1])
    if not re.fullmatch(r"[1-9][0-9]?", name, re.ASCII):
        raise Wrong(words.path, "must be named by its level, a number like [tiers.1]")
    return int(name)


def _tier(words: Table) -> Tier:
    per_minute, per_day, in_flight, reads = (words.whole(name) for name in _LIMITS)
    uploads = _allowance(words, "uploads", UPLOADS)
    keys = words.whole("max_keys", MAX_KEYS)
    return Tier(_level(words), words.text("name"), per_minute, per_day, in_flight, reads, uploads, _lines(words), keys)


def _lines(words: Table) -> LineLimits:
    if "lines" not in words.words:
        return LINES
    said = words.table("lines", "per_minute at_once tokens_per_month premium")
    per_minute, at_once, tokens = (said.whole(name) for name in ("per_minute", "at_once", "tokens_per_month"))
    return LineLimits(per_minute, at_once, tokens, said.flag("premium"))


def _allowance(words: Table, name: str, otherwise: Allowance) -> Allowance:
    if name not in words.words:
        return otherwise
    said = words.table(name, "files megabytes")
    return Allowance(said.whole("files"), said.whole("megabytes"))


def _upstream(name: str, words: Table) -> Upstream:
    for address in ("base_url", *(["image_host"] * ("image_host" in words.words))):
        if not words.text(address).startswith("https://"):
            raise words.wrong(address, "must begin with https://")
    credential = words.text("credential", "")
    if credential and credential not in CREDENTIALS:
        raise words.wrong("credential", f'is "{credential}"; there are: {", ".join(CREDENTIALS)}')
    intake = words.table("intake", "limit seconds") if "intake" in words.words else None
    return Upstream(
        name=name,
        family=words.text("family"),
        base_url=words.text("base_url"),
        callbacks=words.flag("callbacks"),
        poll=_poll(words, "poll"),
        intake=Intake(intake.whole("limit"), intake.whole("seconds")) if intake else None,
        poll_alone=_poll(words, "poll_alone") if "poll_alone" in words.words else None,
        credential=credential,
        image_host=words.text("image_host", ""),
    )


def _poll(words: Table, name: str) -> Poll:
    poll = words.table(name, "first interval growth cap")
    return Poll(poll.whole("first"), poll.whole("interval"), poll.decimal("growth", "1"), poll.whole("cap"))
