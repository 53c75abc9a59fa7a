"""Asking how tasks stand, one or several, and for their results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from relay.edge.operations import Ask, Operations, serve
from relay.effects.store.listings import Found
from relay.families.asked import Download, TaskQuery
from relay.families.uses import DOWNLOAD, LIST, LIST_FACTS, MANY, MANY_FACTS, OPEN, QUERY, RECORD, RECORD_FACTS, Record
from relay.flow import results
from relay.flow.find import find, find_many, find_page, find_record
from relay.flow.links import open_reference, sign_links
from relay.nouns.listing import Listing, Page, TaskIds
from relay.nouns.task import Task


def query(ask: Ask[TaskQuery]) -> Task:
    return sign_links(ask.services, find(ask.services, ask.caller, *ask.read()), ask.base_url)


def record(ask: Ask[TaskQuery]) -> Record:
    return _signed(ask, find_record(ask.services, ask.caller, *ask.read()))


def record_facts(ask: Ask[TaskQuery]) -> Record:
    return _signed(ask, find_record(ask.services, ask.caller, *ask.read(), facts=True))


def many(ask: Ask[TaskIds]) -> Sequence[Task]:
    return _tasks(ask, find_many(ask.services, ask.caller, ask.read()))


def many_facts(ask: Ask[TaskIds]) -> Sequence[Record]:
    return _records(ask, find_many(ask.services, ask.caller, ask.read(), facts=True))


def page(ask: Ask[Listing]) -> Page[Task]:
    found, after = find_page(ask.services, ask.caller, ask.read())
    return Page(_tasks(ask, found), after)


def page_facts(ask: Ask[Listing]) -> Page[Record]:
    found, after = find_page(ask.services, ask.caller, ask.read(), facts=True)
    return Page(_records(ask, found), after)


def download(ask: Ask[Download]) -> str:
    """A link to a result without a redirect, once it is known to be the caller's."""
    wanted = ask.read()
    return results.direct_link(ask.services, ask.caller, wanted.url, wanted.task_id)


def open_task(ask: Ask[str]) -> Task:
    """A task for whoever has a reference of it."""
    return sign_links(ask.services, open_reference(ask.services, ask.read()), ask.base_url)


def _tasks(ask: Ask[Any], found: Iterable[Found]) -> list[Task]:
    return [sign_links(ask.services, each.task, ask.base_url) for each in found]


def _records(ask: Ask[Any], found: Iterable[Found]) -> list[Record]:
    return [_signed(ask, Record(each.task, each.draft, each.facts)) for each in found if each.draft]


def _signed(ask: Ask[Any], known: Record) -> Record:
    return known._replace(task=sign_links(ask.services, known.task, ask.base_url))


OPERATIONS: Operations = dict(
    [
        *(serve(QUERY, query), serve(RECORD, record), serve(RECORD_FACTS, record_facts)),
        *(serve(LIST, page), serve(LIST_FACTS, page_facts), serve(MANY, many), serve(MANY_FACTS, many_facts)),
        *(serve(DOWNLOAD, download), serve(OPEN, open_task)),
    ]
)
