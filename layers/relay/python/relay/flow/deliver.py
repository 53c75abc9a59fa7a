"""The deliver worker: POST a signed callback when a task has ended, repeated until the receiver answers 2xx."""

from __future__ import annotations

import random
from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.families import dialect
from relay.families.dialect import Told
from relay.flow.links import sign_links
from relay.flow.quoting import quote
from relay.flow.services import Services
from relay.flow.shares import note_hung, recently_hung, share_of
from relay.nouns.draft import Draft
from relay.nouns.signing import sign_webhook, webhook_secret
from relay.nouns.task import Delivery, Task
from relay.nouns.wire import Answer, Call

SECONDS = 15.0  # a receiver has to answer
SHORT_SECONDS = 3.0  # the same for a receiver that recently did not answer in time
RETRY_PAUSE_SECONDS = (1, 5)  # least and most: until a retry tries for a place again
THREADS = 10  # messages worked on at once: a whole batch
HOUR = 3600
# Seconds to wait after the 1st, 2nd, … failure: first KIE's own schedule, then hours. After the last it is dead.
SCHEDULE = (60, 300, 900, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR)
ROTATION_MS = 24 * HOUR * 1000  # after a rotation the previous secret signs too, for so long

logger = Logger(child=True)


def deliver(services: Services, account_id: str, task_id: str, attempt: int, later: bool = False) -> None:
    """Make one attempt if it is the task's next one; a repeated message finds a higher number and does nothing.

    When the account already uses its share of the workers, or its receiver recently timed out, the message moves to
    the retry queue without being claimed, so that first attempts of other accounts do not wait for it. `later` is
    true for messages from that queue.
    """
    with share_of(services, account_id, "later" if later else "first") as ours:
        if ours:
            _deliver(services, account_id, task_id, attempt, later)
        else:
            pause = random.uniform(*RETRY_PAUSE_SECONDS) if later else 0  # noqa: S311 - jitter, not a secret
            message = {"account_id": account_id, "task_id": task_id, "attempt": attempt}
            services.queues.deliver_later(message, pause)


def _deliver(services: Services, account_id: str, task_id: str, attempt: int, later: bool) -> None:
    found = services.store.tasks.with_request(account_id, task_id)
    if found is None or found[0].delivery is not Delivery.OWED or found[0].deliveries != attempt:
        return
    task, draft = found
    if attempt > len(SCHEDULE):
        # the last attempt was claimed, then killed before its outcome was saved
        if services.store.tasks.save(task, _give_up(task)):
            services.count("DeliveryDead")
        return
    hung = recently_hung(services, account_id, _url(draft))
    if hung and not later:
        services.queues.deliver_later({**task.log_keys, "attempt": attempt})
        return
    claimed = _claim(services, task)
    if not services.store.tasks.save(task, claimed):
        return
    status, outcome, retry_after = _attempt(services, claimed, draft, SHORT_SECONDS if hung else SECONDS)
    noted = replace(claimed, attempts=(*claimed.attempts, (services.clock(), outcome)))
    after = _record_outcome(services, noted, status, retry_after)
    services.store.tasks.save(claimed, after)
    services.count("Delivered" if 200 <= status < 300 else "DeliveryFailed")
    if after.delivery is Delivery.DEAD:
        services.count("DeliveryDead")
    logger.info("told the client", **task.log_keys, attempt=attempt + 1, outcome=quote(outcome))


def _claim(services: Services, task: Task) -> Task:
    """The task with this attempt counted and the next one due by the schedule, in case this one is killed."""
    pause = SCHEDULE[min(task.deliveries, len(SCHEDULE) - 1)]
    due_at = services.clock() + pause * 1000
    return replace(task, deliveries=task.deliveries + 1, due_at=due_at, version=task.version + 1)


def _attempt(services: Services, task: Task, draft: Draft, seconds: float) -> tuple[int, str, int]:
    """POST once: the HTTP status (0 for no answer), the outcome to record, and the receiver's Retry-After in seconds.

    Raises nothing: the attempt is claimed already, so any failure must be recorded and follow the schedule.
    """
    began = services.clock()
    try:
        answer = services.http.send(replace(_write_call(services, task, draft), timeout=seconds))
    except (EgressRefused, NotSent, NoAnswer) as error:
        # one that only used up the short time is noted as hanging already
        if services.clock() - began > SHORT_SECONDS * 1000 + 1000:
            note_hung(services, task.account_id, _url(draft))
        return 0, _describe(error), 0
    except Exception as error:
        logger.exception("attempt failed on our side", **task.log_keys, attempt=task.deliveries)
        return 0, _describe(error), 0
    return answer.status, str(answer.status), _retry_after(answer)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:80]


def _write_call(services: Services, task: Task, draft: Draft) -> Call:
    speaker = dialect(task.dialect)
    now = services.clock() // 1000
    told = Told(sign_links(services, task, services.public_url), services.clock(), services.public_url, task.trace_id)
    body = services.store.tasks.fix_event(task, speaker.write_callback(told))
    secrets = _signing_secrets(services, task.account_id)
    headers = {
        "content-type": "application/json",
        "user-agent": "genrelay",
        **sign_webhook(secrets, f"msg_{task.task_id}", now, body),
        **speaker.sign_callback(task, secrets[0], now),
    }
    return Call("POST", _url(draft), headers, body)


def _url(draft: Draft) -> str:
    return draft.callback.url if draft.callback else ""


def _signing_secrets(services: Services, account_id: str) -> list[str]:
    """The account's valid signing secrets, the current one first; during a rotation there are two."""
    account = services.store.accounts.get(account_id)
    if account is None:
        raise LookupError(f"account {account_id} is gone; its callbacks cannot be signed")
    master = services.secrets.need("webhook-master").encode()
    generations = [account.webhook_generation]
    if account.webhook_generation > 1 and services.clock() - account.webhook_rotated_at < ROTATION_MS:
        generations.append(account.webhook_generation - 1)
    return [webhook_secret(master, account_id, generation) for generation in generations]


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
