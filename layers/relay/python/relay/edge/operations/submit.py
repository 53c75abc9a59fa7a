"""Taking tasks, completing them, taking them back, and taking them out of view."""

from __future__ import annotations

from typing import Any

from relay.edge.operations import Ask, Operations, serve
from relay.families.asked import Completion, TaskQuery
from relay.families.uses import ANSWER, CANCEL, CREATE, CREATE_RECORD, HIDE, Record
from relay.flow import answering, find, intake
from relay.flow.cancel import cancel as withdraw
from relay.flow.links import sign_links
from relay.flow.wait import wait_for_end
from relay.nouns.draft import Draft
from relay.nouns.task import Task


def create(ask: Ask[Draft]) -> Task:
    return create_record(ask).task


def create_record(ask: Ask[Draft]) -> Record:
    until = ask.services.clock() + ask.wait * 1000
    repeat = intake.idempotency(ask.inbound)
    earlier = intake.earlier(ask.services, ask.caller, repeat)
    made = earlier or intake.accept(ask.services, ask.caller, ask.read(), repeat, ask.trace_id)
    return _waited(ask, made, until)


def _waited(ask: Ask[Any], made: Record, until: int) -> Record:
    """What was made, as it stands at its end or at `until` (Unix ms), where the client waits for that."""
    if not ask.wait:
        return made
    ended = wait_for_end(ask.services, made.task, until)
    return made._replace(task=sign_links(ask.services, ended, ask.base_url))


def cancel(ask: Ask[TaskQuery]) -> Task:
    return withdraw(ask.services, ask.caller, *ask.read())


def hide(ask: Ask[TaskQuery]) -> Task:
    return find.hide(ask.services, ask.caller, *ask.read())


def answer(ask: Ask[Completion]) -> Record:
    until = ask.services.clock() + ask.wait * 1000
    repeat = intake.idempotency(ask.inbound)
    earlier = intake.earlier(ask.services, ask.caller, repeat)
    made = earlier or answering.answer(ask.services, ask.caller, ask.read(), repeat)
    return _waited(ask, made, until)


OPERATIONS: Operations = dict(
    [
        *(serve(CREATE, create), serve(CREATE_RECORD, create_record), serve(ANSWER, answer)),
        *(serve(CANCEL, cancel), serve(HIDE, hide)),
    ]
)
