"""Accepting a request: check, price and charge it, or say why not."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

from aws_lambda_powertools import Logger

from relay.effects.store.limits import Limits
from relay.effects.store.submit import Idempotency
from relay.families import dialect
from relay.families.bodies import read_json
from relay.families.forms import is_form, read_form
from relay.families.uses import Record
from relay.flow.access import Caller
from relay.flow.fit import fit
from relay.flow.follow import follow
from relay.flow.inputs import Inline, check_address, resolve_inputs, store_inline
from relay.flow.services import Services
from relay.nouns.draft import Callback, Draft
from relay.nouns.errors import BadInput, InvalidParameter
from relay.nouns.ids import uuid7
from relay.nouns.task import GRACE, Delivery, State, Task
from relay.nouns.wire import Inbound

logger = Logger(child=True)

MAX_KEY = 255  # characters of an Idempotency-Key


def idempotency(inbound: Inbound) -> Idempotency | None:
    """The request's Idempotency-Key, and a digest of the request as it was sent; None where it has no key.

    Taken before the request is judged: what it names may be gone when it is repeated. Raises InvalidParameter.
    """
    key = inbound.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise InvalidParameter("Idempotency-Key", f"must be 1 to {MAX_KEY} printable characters", "长度或字符无效")
    return Idempotency(key, sha256(inbound.path.encode() + b"\n" + _said(inbound)).hexdigest())


def _said(inbound: Inbound) -> bytes:
    """What a request says, however it is laid out: a form's boundary is another one each time."""
    try:
        if is_form(inbound):
            return repr(read_form(inbound)).encode(errors="surrogatepass")
        return json.dumps(read_json(inbound), sort_keys=True).encode()
    except BadInput:
        return inbound.body


def earlier(services: Services, caller: Caller, repeat: Idempotency | None) -> Record | None:
    """What this very request made before under the same key. Raises InvalidParameter for another request."""
    if repeat is None:
        return None
    task_id = services.store.submissions.earlier(caller.account_id, repeat, services.clock())
    return _record(services, caller, task_id) if task_id else None


def _record(services: Services, caller: Caller, task_id: str) -> Record | None:
    """A task made a moment ago, as it was asked for."""
    task = services.store.tasks.get(caller.account_id, task_id)
    draft = services.store.tasks.request(caller.account_id, task_id)
    return Record(task, draft) if task and draft else None


def submit(services: Services, caller: Caller, draft: Draft) -> Task:
    return accept(services, caller, draft).task


def accept(
    services: Services, caller: Caller, draft: Draft, repeat: Idempotency | None = None, trace_id: str = ""
) -> Record:
    """Charge for a request and hand it on, as it was fitted. Where the same request under the same key was faster,
    that one.

    A draft that `asks` is neither fitted nor charged: its task waits until its client answers or it expires.

    Raises BadInput, InsufficientBalance, Forbidden, RateLimited: then nothing was made and nothing charged.
    """
    draft, inline = check(services, caller, draft)
    best = None if draft.asks else fit(services.catalog, draft, services.upstreams_on())[0]
    draft = best.draft if best else draft
    task = replace(new_task(services, caller, draft, best.price if best else 0), trace_id=trace_id)
    task_id = services.store.submissions.create(task, draft, limits(services, caller), repeat)
    if task_id != task.task_id:
        return _record(services, caller, task_id) or Record(task, draft)
    logger.info("task accepted", **task.log_keys, platform=task.platform, kind=task.kind, model=task.model)
    store_inline(services, caller, inline)
    if task.state is State.PENDING:
        services.queues.dispatch(task)
    return Record(task, draft)


def check(services: Services, caller: Caller, draft: Draft) -> tuple[Draft, list[Inline]]:
    """The draft with what its parent knows and all it names checked, and the pictures it came with.

    Raises BadInput, and Forbidden for a model that the caller's key may not use."""
    if draft.callback:
        check_address(services, draft.callback.field, draft.callback.url)
    elif caller.hooks and draft.platform in dialect(draft.dialect).hooked:
        draft = replace(draft, callback=Callback(caller.hooks[0], hook=True, also=caller.hooks[1:]))
    draft = follow(services, caller, draft)
    caller.check_model(draft.model)
    return resolve_inputs(services, caller, draft)


def limits(services: Services, caller: Caller) -> Limits:
    return Limits(services.catalog.tiers[caller.tier], caller.terms.per_minute)


def new_task(services: Services, caller: Caller, draft: Draft, price: int) -> Task:
    now, model = services.clock(), services.catalog.models[draft.model]
    expires_at = now + services.catalog.deadlines[draft.kind] * 1000
    return Task(
        account_id=caller.account_id,
        task_id=uuid7(now, services.random_bits(74)),
        key_id=caller.key_id,
        dialect=draft.dialect,
        platform=draft.platform,
        kind=draft.kind,
        model=draft.model,
        action=draft.action,
        price=price,
        created_at=now,
        expires_at=expires_at,
        state=State.ASKING if draft.asks else State.PENDING,
        most=model.most(draft),
        unit_price=model.unit_price(draft),
        due_at=expires_at if draft.asks else now + GRACE,
        client_ref=draft.client_ref.text if draft.client_ref else "",
        delivery=Delivery.WAITING if draft.callback else Delivery.NONE,
        next_move_at=now if draft.callback and draft.callback.moves else None,
    )
