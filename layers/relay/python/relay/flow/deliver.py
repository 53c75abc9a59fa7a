"""The deliver worker: POST a signed callback when a task has ended, repeated until the receiver answers 2xx."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import NamedTuple

from aws_lambda_powertools import Logger

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.effects.store.deliveries import HOOKS, split
from relay.families.uses import Record
from relay.flow.notices import SECONDS, SHORT_SECONDS, HookGone, address, write_body, write_notice
from relay.flow.quoting import quote
from relay.flow.services import Services
from relay.flow.shares import note_hung, recently_hung, share_of
from relay.nouns.task import GRACE, Delivery, Task
from relay.nouns.wire import Answer, Call

RETRY_PAUSE_SECONDS = (1, 5)  # least and most: until a retry tries for a place again
THREADS = 10  # messages worked on at once: a whole batch
HOUR = 3600
# Seconds to wait after the 1st, 2nd, … failure: minutes, then hours. After the last it is dead.
SCHEDULE = (60, 300, 900, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR)

logger = Logger(child=True)


class _Owed(NamedTuple):
    """The row whose delivery it is, what there is to tell, and the number of the address it is told to."""

    task: Task
    record: Record
    number: int

    @property
    def url(self) -> str:
        return address(self.record.draft, self.number)


def deliver(services: Services, account_id: str, task_id: str, attempt: int, later: bool = False) -> None:
    """Make one attempt if it is the task's next one; a repeated message finds a higher number and does nothing.

    When the account already uses its share of the workers, or its receiver recently timed out, the message moves to
    the retry queue without being claimed, so that first attempts of other accounts do not wait for it. `later` is
    true for messages from that queue.
    """
    with share_of(services, split(account_id, task_id)[0], "later" if later else "first") as ours:
        if ours:
            _deliver(services, account_id, task_id, attempt, later)
        else:
            pause = random.uniform(*RETRY_PAUSE_SECONDS) if later else 0  # noqa: S311 - jitter, not a secret
            message = {"account_id": account_id, "task_id": task_id, "attempt": attempt}
            services.queues.deliver_later(message, pause)


def _deliver(services: Services, account_id: str, task_id: str, attempt: int, later: bool) -> None:
    owed = _find(services, account_id, task_id)
    if owed is None or owed.task.delivery is not Delivery.OWED or owed.task.deliveries != attempt:
        return
    task = owed.task
    if attempt > len(SCHEDULE):
        # the last attempt was claimed, then killed before its outcome was saved
        if services.store.tasks.save(task, _give_up(task)):
            services.count("DeliveryDead")
        return
    if not attempt and owed.number == 1:
        _owe_the_others(services, owed.record)
    hung = recently_hung(services, owed.record.task.account_id, owed.url)
    if hung and not later:
        services.queues.deliver_later({**task.log_keys, "attempt": attempt})
        return
    claimed = _claim(services, task)
    if not services.store.tasks.save(task, claimed):
        return
    status, outcome, retry_after = _attempt(services, owed._replace(task=claimed), SHORT_SECONDS if hung else SECONDS)
    noted = replace(claimed, attempts=(*claimed.attempts, (services.clock(), outcome)))
    after = _record_outcome(services, noted, status, retry_after)
    services.store.tasks.save(claimed, after)
    services.count("Delivered" if 200 <= status < 300 else "DeliveryFailed")
    if after.delivery is Delivery.DEAD:
        services.count("DeliveryDead")
    logger.info("told the client", **task.log_keys, attempt=attempt + 1, outcome=quote(outcome))


def _find(services: Services, account_id: str, task_id: str) -> _Owed | None:
    account_id, told, number = split(account_id, task_id)
    found = services.store.tasks.record(account_id, told, facts=True)
    if found is None:
        return None
    record = Record(*found)
    row = record.task if number == 1 else services.store.deliveries.find(account_id + HOOKS, task_id)
    return _Owed(row, record, number) if row else None


def _owe_the_others(services: Services, record: Record) -> None:
    """Each further hook of the account is told by a row of its own, with its own schedule, before the first is told."""
    callback = record.draft.callback
    for number, _ in enumerate(callback.also if callback else (), 2):
        row = services.store.deliveries.owe(record.task, number, services.clock() + GRACE)
        if row:
            services.queues.deliver_later({**row.log_keys, "attempt": 0})


def _claim(services: Services, task: Task) -> Task:
    """The task with this attempt counted and the next one due by the schedule, in case this one is killed."""
    pause = SCHEDULE[min(task.deliveries, len(SCHEDULE) - 1)]
    due_at = services.clock() + pause * 1000
    return replace(task, deliveries=task.deliveries + 1, due_at=due_at, version=task.version + 1)


def _attempt(services: Services, owed: _Owed, seconds: float) -> tuple[int, str, int]:
    """POST once: the HTTP status (0 for no answer), the outcome to record, and the receiver's Retry-After in seconds.

    Raises nothing: the attempt is claimed already, so any failure must be recorded and follow the schedule.
    """
    task, began = owed.record.task, services.clock()
    try:
        answer = services.http.send(replace(_write_call(services, owed), timeout=seconds))
    except (EgressRefused, NotSent, NoAnswer) as error:
        # one that only used up the short time is noted as hanging already
        if services.clock() - began > SHORT_SECONDS * 1000 + 1000:
            note_hung(services, task.account_id, owed.url)
        return 0, _describe(error), 0
    except HookGone as error:
        return 410, _describe(error), 0  # nobody is there to be told any more
    except Exception as error:
        logger.exception("attempt failed on our side", **task.log_keys, attempt=owed.task.deliveries)
        return 0, _describe(error), 0
    return answer.status, str(answer.status), _retry_after(answer)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:80]


def _write_call(services: Services, owed: _Owed) -> Call:
    task, draft, _ = owed.record
    body = services.store.tasks.fix_event(task, write_body(services, owed.record))
    return write_notice(services, task, draft, body, f"msg_{task.task_id}", number=owed.number)


def _record_outcome(services: Services, task: Task, status: int, retry_after: int) -> Task:
    """The task after an attempt: done on 2xx, dead on 410 or after the last one, otherwise due again."""
    if 200 <= status < 300:
        return replace(task, delivery=Delivery.DONE, due_at=None, version=task.version + 1)
    if status == 410 or task.deliveries > len(SCHEDULE):
        return _give_up(task)
    delay = max(SCHEDULE[task.deliveries - 1], retry_after)
    return replace(task, due_at=services.clock() + delay * 1000, version=task.version + 1)


def _give_up(task: Task) -> Task:
    return replace(task, delivery=Delivery.DEAD, due_at=None, version=task.version + 1)


def _retry_after(answer: Answer) -> int:
    """The receiver's Retry-After in seconds, at most a day; 0 where it is missing or a date."""
    text = answer.headers.get("retry-after", "")
    return min(int(text), 24 * HOUR) if text.isascii() and text.isdigit() and len(text) < 9 else 0
