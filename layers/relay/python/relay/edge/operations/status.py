"""Asking how tasks stand, and for their results."""

from __future__ import annotations

from relay.edge.operations import Ask, Operations, serve
from relay.families.dialect import DOWNLOAD, QUERY, RECORD, Download, Record, TaskQuery
from relay.flow import intake, results
from relay.flow.links import sign_links
from relay.nouns.task import Task


def query(ask: Ask[TaskQuery]) -> Task:
    task = intake.find(ask.services, ask.caller, *ask.read())
    return sign_links(ask.services, task, ask.base_url)


def record(ask: Ask[TaskQuery]) -> Record:
    task, draft = intake.find_with_request(ask.services, ask.caller, *ask.read())
    return Record(sign_links(ask.services, task, ask.base_url), draft)


def download(ask: Ask[Download]) -> str:
    """A link to a result without a redirect, once it is known to be the caller's."""
    wanted = ask.read()
    return results.direct_link(ask.services, ask.caller, wanted.url, wanted.task_id)


OPERATIONS: Operations = dict([serve(QUERY, query), serve(RECORD, record), serve(DOWNLOAD, download)])
