"""The deliver worker: tell the client how its task ended, signed, until it says it has heard."""

from __future__ import annotations

import random
from dataclasses import replace

from aws_lambda_powertools import Logger

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.families import dialect
from relay.flow.links import sign_links
from relay.flow.quoting import quote
from relay.flow.services import Services
from relay.flow.shares import note_hung, recently_hung, share_of
from relay.nouns.draft import Draft
from relay.nouns.signing import sign_webhook, webhook_secret
from relay.nouns.task import Delivery, Task
from relay.nouns.wire import Answer, Call

SECONDS = 15.0  # the receiver's time to answer
SHORT_SECONDS = 3.0  # its time where it lately did not answer in time
RETRY_PAUSE_SECONDS = (1, 5)  # least and most: until a retry tries for a place again
THREADS = 10  # messages of a batch that are worked on side by side: all of them
HOUR = 3600
# Seconds after the 1st, 2nd, … failure: what KIE promises its own clients first, then hours. Then it is dead.
SCHEDULE = (60, 300, 900, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR)
ROTATION_MS = 24 * HOUR * 1000  # ms the previous signing secret still signs beside the new one

logger = Logger(child=True)


def deliver(services: Services, account_id: str, task_id: str, attempt: int, later: bool = False) -> None:
    """Make one attempt, if it is the one whose turn it is: repeats of a message find a later number and do nothing.

    An account that has its share of the workers already, or whose receiver lately hung, goes to the retry queue
    without a claim, so that the first attempts of others do not wait for it. `later` says that it came from there.
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
        # the last attempt was cut off before it could say so
        if services.store.tasks.save(task, _give_up(task)):
            services.count("DeliveryDead")
        return
    hung = recently_hung(services, account_id, draft.callback_url or "")
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
    """The task with one more attempt counted, due by the schedule: whatever happens next, it is not tried sooner."""
    pause = SCHEDULE[min(task.deliveries, len(SCHEDULE) - 1)]
    due_at = services.clock() + pause * 1000
    return replace(task, deliveries=task.deliveries + 1, due_at=due_at, version=task.version + 1)


def _attempt(services: Services, task: Task, draft: Draft, seconds: float) -> tuple[int, str, int]:
    """POST once. The HTTP status (0 where there was none), what to note, and the receiver's Retry-After seconds.

    No error may leave it: the attempt is counted already, and what keeps it from being made must end by the schedule.
    """
    began = services.clock()
    try:
        answer = services.http.send(replace(_write_call(services, task, draft), timeout=seconds))
    except (EgressRefused, NotSent, NoAnswer) as error:
        # one that only used up the short time is noted as hanging already
        if services.clock() - began > SHORT_SECONDS * 1000 + 1000:
            note_hung(services, task.account_id, draft.callback_url or "")
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
    body = services.store.tasks.fix_event(task, speaker.write_callback(sign_links(services, task, services.public_url)))
    secrets = _signing_secrets(services, task.account_id)
    headers = {
        "content-type": "application/json",
        "user-agent": "genrelay",
        **sign_webhook(secrets, f"msg_{task.task_id}", now, body),
        **speaker.sign_callback(task, secrets[0], now),
    }
    return Call("POST", draft.callback_url or "", headers, body)


def _signing_secrets(services: Services, account_id: str) -> list[str]:
    """The account's live signing secrets, the current one first."""
    account = services.store.accounts.get(account_id)
    if account is None:
        raise LookupError(f"account {account_id} is gone; its callbacks cannot be signed")
    master = services.secrets.need("webhook-master").encode()
    generations = [account.webhook_generation]
    if account.webhook_generation > 1 and services.clock() - account.webhook_rotated_at < ROTATION_MS:
        generations.append(account.webhook_generation - 1)
    return [webhook_secret(master, account_id, generation) for generation in generations]


def _record_outcome(services: Services, task: Task, status: int, retry_after: int) -> Task:
    if 200 <= status < 300:
        return replace(task, delivery=Delivery.DONE, due_at=None, version=task.version + 1)
    if status == 410 or task.deliveries > len(SCHEDULE):
        return _give_up(task)
    delay = max(SCHEDULE[task.deliveries - 1], retry_after)
    return replace(task, due_at=services.clock() + delay * 1000, version=task.version + 1)


def _give_up(task: Task) -> Task:
    return replace(task, delivery=Delivery.DEAD, due_at=None, version=task.version + 1)


def _retry_after(answer: Answer) -> int:
    """Seconds the receiver asks for, a day at most; 0 where it does not, or gives a date."""
    text = answer.headers.get("retry-after", "")
    return min(int(text), 24 * HOUR) if text.isascii() and text.isdigit() and len(text) < 9 else 0
