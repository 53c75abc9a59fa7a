"""Owns reading a job's record: what the four APIs' query answers have in common, and how they may differ."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from relay.families.kie.answers import clean, find_id, parse, read_fault
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft
from relay.nouns.faults import Fault
from relay.nouns.task import Asset, Observation, State
from relay.nouns.wire import Json

Record = dict[str, Json]
MAX_ASSETS = 32  # more than any API makes; a row has to hold them


@dataclass(frozen=True, slots=True)
class Api:
    """One KIE API. `words` are its status words in upper case, found under the first of `word_fields` there is.

    `salvaged` are failed words that count as success when there are results all the same; `refused` are words
    that mean the content was refused; `milestones` are percents for words of APIs that tell no progress.
    """

    create: str
    query: str
    word_fields: tuple[str, ...]
    words: Mapping[str, State]
    write: Callable[[Draft, Source], dict[str, object]]
    read_assets: Callable[[Record], tuple[Asset, ...]]
    milestones: Mapping[str, float] = field(default_factory=dict)
    salvaged: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


def pick(record: Record, *names: str) -> Json | None:
    """The first value there is, each name in camel and in snake case: KIE's pages show both."""
    for name in names:
        for spelling in (name, re.sub(r"(?=[A-Z])", "_", name).lower()):
            if record.get(spelling) is not None:
                return record[spelling]
    return None


def as_object(value: Json | None) -> Record:
    """An object, also where it comes as a JSON string; empty for anything else."""
    value = parse(value) if isinstance(value, str) else value
    return value if isinstance(value, dict) else {}


def as_urls(value: Json | None) -> tuple[Asset, ...]:
    """The URLs of a list, a JSON string of a list, or a single URL; whatever is no URL is left out."""
    if isinstance(value, str) and not is_url(value):
        value = parse(value)
    values = value if isinstance(value, list) else [value]
    return tuple(Asset(url) for url in values if is_url(url))


def is_url(value: Json | None) -> TypeGuard[str]:
    return (
        isinstance(value, str)
        and value.startswith(("http://", "https://"))
        and len(value) <= 4096
        and value.isprintable()
        and " " not in value
    )


def number(value: Json | None) -> float | None:
    """A finite number, also where it comes as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def read_record(api: Api, record: Record) -> Observation | None:
    """What a job's record says, or None where it holds no status at all."""
    word = _word(api, record)
    if word is None:
        return None
    task_id = find_id(record)
    state = api.words.get(word.upper())
    if state is None:
        return Observation(State.PROCESSING, task_id, _progress(record) or 0.0, unknown_word=word)
    assets = api.read_assets(record)[:MAX_ASSETS] if state in (State.SUCCEEDED, State.FAILED) else ()
    if state is State.FAILED and assets and word.upper() in api.salvaged:
        state = State.SUCCEEDED
    progress = _progress(record)
    if progress is None:
        progress = 100.0 if state is State.SUCCEEDED else api.milestones.get(word.upper(), 0.0)
    if state is not State.FAILED:
        return Observation(state, task_id, progress, assets)
    fault = _fault(api, word, record)
    timed_out = fault.upstream_code == "408"
    return Observation(State.TIMEOUT if timed_out else state, task_id, progress, fault=fault)


def _word(api: Api, record: Record) -> str | None:
    for name in api.word_fields:
        value = pick(record, name)
        if isinstance(value, str | int) and (word := clean(str(value), 60)):
            return word
    return None


def _progress(record: Record) -> float | None:
    """Percent. "0.45" and 0.45 are parts of one, 45 is percent already: the decimal point tells."""
    value = pick(record, "progress")
    found = number(value)
    if found is None:
        return None
    part = found <= 1 and "." in str(value)
    return round(min(max(found * 100 if part else found, 0.0), 100.0), 2)


def _fault(api: Api, word: str, record: Record) -> Fault:
    code = pick(record, "errorCode", "failCode")
    told = clean(str(code), 60) if isinstance(code, int | str) else ""
    text = pick(record, "errorMessage", "failMsg") or pick(as_object(pick(record, "response")), "errorMessage")
    return read_fault(told or word, clean(text), policy=word.upper() in api.refused)
