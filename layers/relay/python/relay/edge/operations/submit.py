"""Taking tasks, and taking them back."""

from __future__ import annotations

from relay.edge.operations import Ask, Operations, serve
from relay.families.dialect import CANCEL, CREATE, TaskQuery
from relay.flow import intake
from relay.flow.cancel import cancel as withdraw
from relay.nouns.draft import Draft
from relay.nouns.task import Task


def create(ask: Ask[Draft]) -> Task:
    repeat = intake.idempotency(ask.inbound)
    earlier = intake.earlier(ask.services, ask.caller, repeat)
    return earlier or intake.submit(ask.services, ask.caller, ask.read(), repeat, ask.trace_id)


def cancel(ask: Ask[TaskQuery]) -> Task:
    return withdraw(ask.services, ask.caller, *ask.read())


OPERATIONS: Operations = dict([serve(CREATE, create), serve(CANCEL, cancel)])
