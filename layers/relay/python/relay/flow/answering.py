"""Going on with a task that waited for its client: the completed request is fitted, charged and handed on."""

from __future__ import annotations

from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.effects.store.submit import Idempotency
from relay.families.asked import Completion
from relay.families.uses import Record
from relay.flow.access import Caller
from relay.flow.find import find_record
from relay.flow.fit import fit
from relay.flow.inputs import store_inline
from relay.flow.intake import check, limits, new_task
from relay.flow.services import Services
from relay.nouns.errors import InvalidParameter
from relay.nouns.task import State

logger = Logger(child=True)


def answer(services: Services, caller: Caller, given: Completion, repeat: Idempotency | None = None) -> Record:
    """Complete a task's request, charge for it and hand it on; the task as it now is, with its request.

    Of several answers one is taken, and only its request is charged. Raises TaskNotFound, InvalidParameter for a task
    that waits for no answer, and what a creation raises: then it still waits, and nothing was charged.
    """
    found = find_record(services, caller, *given.query)
    task, asked = found.task, found.draft
    if task.state is not State.ASKING or services.clock() >= task.expires_at:
        raise _too_late(given)
    draft, inline = check(services, caller, replace(given.complete(asked), asks=False))
    best = fit(services.catalog, draft, services.upstreams_on())[0]
    after = replace(
        new_task(services, caller, best.draft, best.price),
        task_id=task.task_id,
        created_at=task.created_at,
        answered_at=services.clock(),
        version=task.version + 1,
        trace_id=task.trace_id,
        client_ref=task.client_ref,
    )
    if not services.store.submissions.answer(task, after, best.draft, limits(services, caller), repeat):
        raise _too_late(given)
    logger.info("task answered", **after.log_keys, platform=after.platform, kind=after.kind, model=after.model)
    store_inline(services, caller, inline)
    services.queues.dispatch(after)
    return find_record(services, caller, task.task_id)


def _too_late(given: Completion) -> InvalidParameter:
    return InvalidParameter(given.field, "is a task that waits for no answer", "对应的任务不在等待补充")
