"""Reading a job's record: what the query answers of KIE's APIs have in common, and how they may differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from relay.families.kie.answers import find_id, read_fault
from relay.families.provider import Carries
from relay.families.reading import MAX_ASSETS, MAX_CODE, Record, as_number, as_object, as_text, is_url, parse
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.faults import Fault
from relay.nouns.task import Asset, Observation, Role, State
from relay.nouns.wire import Json

ReadAssets = Callable[[Record], tuple[Asset, ...]]


@dataclass(frozen=True, slots=True)
class Wire:
    """What one KIE API has of its own; `provider.py` adds what they share.

    `extend` is the path that extends an earlier job's result. `words` are its status words in upper case, found under
    the first of `word_fields` there is. `salvaged` are failed words that count as success when there are results all
    the same; `refused` are words that mean the content was refused; `milestones` are percents for words of APIs that
    tell no progress. With `fails_running` a job that says it is running has failed if it names an error.
    """

    create: str
    query: str
    word_fields: tuple[str, ...]
    words: Mapping[str, State]
    carries: Mapping[Kind, Carries]
    write: Callable[[Draft, Source], dict[str, object]]
    read_assets: ReadAssets
    read_facts: Callable[[Record], Mapping[str, Json]] = lambda record: {}
    extend: str = ""
    milestones: Mapping[str, float] = field(default_factory=dict)
    salvaged: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    fails_running: bool = False


def pick(record: Record, *names: str) -> Json | None:
    """The first value there is, each name in camel and in snake case: KIE's pages show both."""
    for name in names:
        for spelling in (name, re.sub(r"(?=[A-Z])", "_", name).lower()):
            if record.get(spelling) is not None:
                return record[spelling]
    return None


def as_urls(value: Json | None) -> tuple[Asset, ...]:
    """The URLs of a list, a JSON string of a list, or a single URL; whatever is no URL is left out."""
    if isinstance(value, str) and not is_url(value):
        value = parse(value)
    values = value if isinstance(value, list) else [value]
    return tuple(Asset(url) for url in values if is_url(url))


def read_urls(holder: str, name: str) -> ReadAssets:
    """Reads the results of a record that has them as `name` in the object `holder`."""
    return lambda record: as_urls(pick(as_object(pick(record, holder)), name))


def read_video(holder: str, video: str, cover: str) -> ReadAssets:
    """Reads a video and its cover, which is none without the video."""

    def read(record: Record) -> tuple[Asset, ...]:
        made = as_object(pick(record, holder))
        videos, covers = as_urls(pick(made, video)), as_urls(pick(made, cover))
        return videos + tuple(replace(each, role=Role.COVER) for each in covers) if videos else ()

    return read


def read_record(wire: Wire, record: Record) -> Observation | None:
    """What a job's record says, or None where it holds no status at all."""
    word = _word(wire, record)
    if word is None:
        return None
    task_id = find_id(record)
    state = wire.words.get(word.upper())
    if state is None:
        return Observation(State.PROCESSING, task_id, _progress(record) or 0.0, unknown_word=word)
    if wire.fails_running and state is State.PROCESSING and _names_error(record):
        state = State.FAILED
    assets = wire.read_assets(record)[:MAX_ASSETS] if state in (State.SUCCEEDED, State.FAILED) else ()
    if state is State.FAILED and assets and word.upper() in wire.salvaged:
        state = State.SUCCEEDED
    progress = _progress(record)
    if progress is None:
        progress = 100.0 if state is State.SUCCEEDED else wire.milestones.get(word.upper(), 0.0)
    if state is not State.FAILED:
        facts = wire.read_facts(record) if state is State.SUCCEEDED else {}
        return Observation(state, task_id, progress, assets, facts=facts)
    fault = _fault(wire, word, record)
    timed_out = fault.upstream_code == "408"
    return Observation(State.TIMEOUT if timed_out else state, task_id, progress, fault=fault)


def _word(wire: Wire, record: Record) -> str | None:
    for name in wire.word_fields:
        value = pick(record, name)
        if isinstance(value, str | int) and (word := as_text(str(value), MAX_CODE)):
            return word
    return None


def _names_error(record: Record) -> bool:
    return pick(record, "errorCode") not in (None, 0, "0", "") or bool(pick(record, "errorMessage"))


def _progress(record: Record) -> float | None:
    """Percent. "0.45" and 0.45 are parts of one, 45 is percent already: the decimal point tells."""
    value = pick(record, "progress")
    found = as_number(value)
    if found is None:
        return None
    part = found <= 1 and "." in str(value)
    return round(min(max(found * 100 if part else found, 0.0), 100.0), 2)


def _fault(wire: Wire, word: str, record: Record) -> Fault:
    code = pick(record, "errorCode", "failCode")
    told = as_text(str(code), MAX_CODE) if isinstance(code, int | str) else ""
    text = pick(record, "errorMessage", "failMsg") or pick(as_object(pick(record, "response")), "errorMessage")
    return read_fault(told or word, as_text(text), policy=word.upper() in wire.refused)
