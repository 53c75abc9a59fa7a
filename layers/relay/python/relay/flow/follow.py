"""Follow-ups: what may follow up on which task of the caller's, and what its upstream calls it.

Only the API that made the parent, on the platform it was made on there, can go on from it: `fit` takes no other source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from relay.flow.access import Caller
from relay.flow.find import find
from relay.flow.services import Services
from relay.nouns.draft import Draft, Kind, Parent
from relay.nouns.errors import InvalidParameter, TaskNotFound
from relay.nouns.task import State, Task

MAX_DIGITS = 3  # of the number of a file


def follow(services: Services, caller: Caller, draft: Draft) -> Draft:
    """The draft with what its parent knows; one that names no model is for the parent's.

    A parent that is not the caller's is as unknown as one that never was. Raises InvalidParameter with the client's
    field: for an unknown parent, one that this action of this model may not follow, one that has not succeeded, and a
    part that it does not have.
    """
    asked = draft.parent
    if asked is None:
        return draft
    try:
        parent = find(services, caller, asked.task_id, draft.platform)
    except TaskNotFound as error:
        raise InvalidParameter(
            asked.field, "is not a task of yours on this platform", "不是您在该平台的任务"
        ) from error
    draft = draft if draft.model else _like_parent(services, draft, parent)
    _check(services, draft, asked, parent)
    known = replace(
        asked,
        upstream=parent.upstream or "",
        api=parent.api,
        label=parent.label or parent.platform,
        upstream_task_id=parent.upstream_task_id or "",
        upstream_ref=_upstream_ref(services, asked, parent) if asked.ref else "",
    )
    return replace(draft, parent=known)


def _like_parent(services: Services, draft: Draft, parent: Task) -> Draft:
    """The draft for its parent's model; a video also in its parent's shape, and as long where it does not say."""
    draft = replace(draft, model=parent.model)
    made = services.store.tasks.request(parent.account_id, parent.task_id) if draft.kind is Kind.VIDEO else None
    if made is None:
        return draft
    length = next((ceil(each.duration) for each in parent.results if each.duration), made.duration)
    return replace(draft, size=made.size, ratio=made.ratio, duration=draft.duration or length)


def _check(services: Services, draft: Draft, asked: Parent, parent: Task) -> None:
    model = services.catalog.models.get(draft.model)
    if model is None or not model.continues(draft.action, parent.model, parent.kind):
        raise InvalidParameter(asked.field, "is not a task that this model continues", "不是该模型可继续的任务")
    if not parent.terminal:
        raise InvalidParameter(asked.field, "is a task that has not ended yet", "对应的任务尚未结束")
    if parent.state is not State.SUCCEEDED:
        raise InvalidParameter(asked.field, "is a task that has not succeeded", "对应的任务未成功")


def _upstream_ref(services: Services, asked: Parent, parent: Task) -> str:
    """The upstream's word for a part: it is known by that, by its number (a result, from 1) or by a button's label."""
    ref, results = asked.ref, parent.results
    if any(ref == asset.ref for asset in parent.assets):
        return ref
    if ref.isascii() and ref.isdigit() and len(ref) <= MAX_DIGITS and 1 <= int(ref) <= len(results):
        return results[int(ref) - 1].ref or ref
    for button, *words in _buttons(services, parent):
        if ref in (button, *words):
            return button
    raise InvalidParameter(asked.ref_field or asked.field, "is no part of that task", "不是该任务的组成部分")


def _buttons(services: Services, parent: Task) -> Iterator[tuple[str, str, str]]:
    """The `ref`, label and short name of each button that the parent's outcome offered."""
    buttons = services.store.tasks.facts(parent.account_id, parent.task_id).get("buttons")
    for button in buttons if isinstance(buttons, list) else ():
        if isinstance(button, dict) and button.get("ref"):
            yield str(button["ref"]), str(button.get("label") or ""), str(button.get("name") or "")
