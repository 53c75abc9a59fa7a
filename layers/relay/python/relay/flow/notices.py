"""The signed POST that tells a client's callback address how a task stands."""

from __future__ import annotations

from functools import partial

from relay.effects.store.accounts import AccountRow
from relay.families import dialect
from relay.families.dialect import Told
from relay.families.uses import Record
from relay.flow.links import refer, sign_links
from relay.flow.services import Services
from relay.nouns.draft import Draft
from relay.nouns.signing import sign_webhook, webhook_secret
from relay.nouns.task import Task
from relay.nouns.wire import JSON, Call

SECONDS = 15.0  # a receiver has to answer
SHORT_SECONDS = 3.0  # the same for a receiver that recently did not answer in time, and for a move
ROTATION_MS = 24 * 3600 * 1000  # after a rotation the previous secret signs too, for so long


class HookGone(Exception):
    """The address was the account's own, which has another by now, or none."""


def write_body(services: Services, record: Record) -> bytes:
    task = sign_links(services, record.task, services.public_url)
    told = Told(
        record._replace(task=task), services.clock(), services.public_url, task.trace_id, partial(refer, services)
    )
    return dialect(task.dialect).write_callback(told)


def write_notice(services: Services, task: Task, draft: Draft, body: bytes, notice_id: str, *, number: int = 1) -> Call:
    """The call that tells the client's address, or that of its account's hooks which has this number; `notice_id` is
    what the receiver knows repeats by. Raises HookGone."""
    now, account = services.clock() // 1000, services.store.accounts.get(task.account_id)
    if account is None:
        raise LookupError(f"account {task.account_id} is gone; its callbacks cannot be signed")
    if draft.callback and draft.callback.hook and address(draft, number) not in account.hooks:
        raise HookGone("the account's hook is another by now")
    secrets = _signing_secrets(services, account)
    headers = {
        "content-type": JSON,
        "user-agent": "genrelay",
        **sign_webhook(secrets, notice_id, now, body),
        **dialect(task.dialect).sign_callback(task, secrets[0], now),
    }
    return Call("POST", address(draft, number), headers, body)


def address(draft: Draft, number: int = 1) -> str:
    return draft.callback.urls[number - 1] if draft.callback else ""


def _signing_secrets(services: Services, account: AccountRow) -> list[str]:
    """The account's valid signing secrets, the current one first; during a rotation there are two."""
    master = services.secrets.need("webhook-master").encode()
    generations = [account.webhook_generation]
    if account.webhook_generation > 1 and services.clock() - account.webhook_rotated_at < ROTATION_MS:
        generations.append(account.webhook_generation - 1)
    return [webhook_secret(master, account.account_id, generation) for generation in generations]
