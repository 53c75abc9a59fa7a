"""Writing the family's answers: task documents, account documents and errors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from relay.families.aistudio.words import ERRORS, FOLDED, OTHER_TASK_ERROR, TASK_ERRORS, TASK_TYPES
from relay.families.dialect import Told
from relay.families.uses import Record
from relay.nouns.account import Balance, Form, StatementPage, Upload
from relay.nouns.draft import Kind
from relay.nouns.errors import RelayError, TooLarge
from relay.nouns.faults import sentence
from relay.nouns.money import Entry, EntryKind, cents
from relay.nouns.task import FAULTS, TERMINAL, Asset, State, Task
from relay.nouns.wire import Json, Reply, compact

LANGUAGE: Literal["zh"] = "zh"
CHINA = timezone(timedelta(hours=8))  # the family writes every instant at this offset
SHOWN = frozenset({EntryKind.RESERVE, EntryKind.RELEASE})  # entries of a statement: what a task took and gave back


def created(told: Told[Task]) -> Reply:
    return Reply.json({"task_id": told.found.task_id})


def status(told: Told[Task]) -> Reply:
    return Reply.json(task_document(told.found))


def cancelled(told: Told[Task]) -> Reply:
    """How the task stands, and whether it was withdrawn: one that an upstream may have runs on."""
    return Reply.json({**task_document(told.found), "cancelled": told.found.state is State.CANCELLED})


def callback(told: Told[Record]) -> bytes:
    task = told.found.task
    return compact({**task_document(task), "platform": task.platform})


def task_document(task: Task) -> dict[str, Json]:
    document: dict[str, Json] = {"task_id": task.task_id, "status": task.status.value}
    if task.client_ref:
        document["client_ref"] = task.client_ref
    document["created_at"] = _iso(task.created_at)
    if task.state is State.SUCCEEDED:
        if task.completed_at is not None:
            document["completed_at"] = _iso(task.completed_at)
        document.update(_result(task.kind, task.results))
    elif task.state in TERMINAL:
        fault = task.fault or FAULTS[task.state]
        code = fault.code if fault.code in TASK_ERRORS else OTHER_TASK_ERROR
        document["error"] = {"code": code, "message": sentence(fault.code, LANGUAGE)}
    return document


def error(error: RelayError, trace_id: str) -> Reply:
    code = FOLDED.get(error.code, error.code)
    if code not in ERRORS:
        code = "INTERNAL_ERROR"
    document = {"success": False, "error": {"code": code, "message": error.tell(LANGUAGE)}, "trace_id": trace_id}
    status = error.status if isinstance(error, TooLarge) else ERRORS[code]
    return Reply.json(document, status, error.headers)


def balance(told: Told[Balance]) -> Reply:
    balance = told.found
    tier, held = balance.tier, cents(balance.balance)
    document = {
        "balance_cents": held,
        "balance_display": f"{'-' if held < 0 else ''}¥{abs(held) // 100}.{abs(held) % 100:02d}",
        "tier": tier.level,
        "tier_name": tier.name,
        "usage_today": {"request_count": balance.used_today, "cost_cents": cents(balance.cost_today)},
        "rate_limit": {
            "per_minute": tier.per_minute,
            "per_day": tier.per_day,
            "remaining_today": max(0, tier.per_day - balance.used_today),
        },
    }
    return _enveloped(told, document)


def consumption(told: Told[StatementPage]) -> Reply:
    records = [_record(entry) for entry in told.found.entries if entry.kind in SHOWN]
    return _enveloped(told, {"total": told.found.total, "records": records})


def _result(kind: Kind, assets: Sequence[Asset]) -> dict[str, Json]:
    if kind is Kind.IMAGE:
        return {"images": [_linked(asset) for asset in assets]}
    if kind is Kind.MUSIC:
        return {"music": [_music(asset) for asset in assets]}
    return {"video": _timed(assets[0])} if kind is Kind.VIDEO else {}


def _music(asset: Asset) -> dict[str, Json]:
    title = {} if asset.title is None else {"title": asset.title}
    return {"url": asset.url, **title, **_timed(asset)}


def _timed(asset: Asset) -> dict[str, Json]:
    if asset.duration is None:
        return _linked(asset)
    whole = float(asset.duration).is_integer()
    return {**_linked(asset), "duration": int(asset.duration) if whole else asset.duration}


def _linked(asset: Asset) -> dict[str, Json]:
    # only links that we signed have an end we know
    until = {} if asset.expires_at is None else {"expires_at": _iso(asset.expires_at)}
    return {"url": asset.url, **until}


def _record(entry: Entry) -> dict[str, Json]:
    return {
        "id": f"{entry.reference}-{entry.kind}",
        "task_id": entry.reference,
        "platform": entry.platform,
        "task_type": TASK_TYPES.get(entry.task_kind, entry.task_kind),
        "cost_cents": cents(-entry.amount),  # a release is a negative cost, so the records add up to what was spent
        "created": _iso(entry.at),
    }


def upload(told: Told[Upload]) -> Reply:
    return _enveloped(told, _uploaded(told.found))


def hosted(told: Told[Upload]) -> Reply:
    """The image host's bare answer."""
    return Reply.json({"url": told.found.url, "created": told.now // 1000})


def form(told: Told[Form]) -> Reply:
    form = told.found
    document = {"upload_url": form.upload_url, "fields": form.fields, "form_expires_at": _iso(form.expires_at * 1000)}
    return _enveloped(told, {**document, **_uploaded(form.upload)})


def _uploaded(upload: Upload) -> dict[str, Json]:
    return {
        "url": upload.url,
        "filename": upload.filename,
        "size": upload.size,
        "content_type": upload.content_type,
        "expires_at": _iso(upload.expires_at * 1000),
    }


def _enveloped(told: Told[Any], data: Json) -> Reply:
    return Reply.json({"success": True, "data": [data], "trace_id": told.trace_id})


def _iso(instant: int) -> str:
    return datetime.fromtimestamp(instant // 1000, CHINA).isoformat()
