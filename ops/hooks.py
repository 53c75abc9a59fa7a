"""The commands about an account's hooks, and about deliveries that were given up."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from ops.commands import console, when
from ops.deployment import Deployment
from ops.terms import OperatorError
from relay.effects.store.deliveries import split
from relay.nouns.task import Delivery, Task

MOST_HOOKS = 3  # of an account: each is told of each end
SOON = "running functions see it within a minute"


class Dead(NamedTuple):
    """A delivery that was given up: its row, the task with the number of the hook, and the address."""

    row: Task
    name: str
    url: str


def hook_add(at: Deployment, given: argparse.Namespace) -> None:
    hooks = at.account(given.account).hooks
    if given.url in hooks:
        raise OperatorError(f"{given.url} is told already; nothing was changed")
    if len(hooks) == MOST_HOOKS:
        raise OperatorError(f"the account has {MOST_HOOKS} hooks; hook-remove takes one away")
    _change(at, given, (*hooks, given.url))


def hook_remove(at: Deployment, given: argparse.Namespace) -> None:
    hooks = at.account(given.account).hooks
    if given.url not in hooks:
        raise OperatorError(f"{given.url} is no hook of this account; there are: {', '.join(hooks) or 'none'}")
    _change(at, given, tuple(each for each in hooks if each != given.url))


def hook_list(at: Deployment, given: argparse.Namespace) -> None:
    console.print("\n".join(at.account(given.account).hooks) or "none")


def _change(at: Deployment, given: argparse.Namespace, hooks: tuple[str, ...]) -> None:
    at.store.accounts.change(given.account, hooks=hooks)
    at.store.accounts.note_act(given.account, _now(), given.act, given.url)
    console.print(f"{', '.join(hooks) or 'nobody'} will be told of new tasks; {SOON}")


def delivery_list(at: Deployment, given: argparse.Namespace) -> None:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in ("delivery", "address", "given up", "attempts", "the last"):
        table.add_column(column, overflow="fold")
    for row, name, url in _dead(at, given.account):
        last_at, last = row.attempts[-1] if row.attempts else (0, "-")
        table.add_row(name, Text(url), when(last_at), str(len(row.attempts)), Text(last))
    console.print(table if table.row_count else "none: every end was told, or still will be")


def delivery_replay(at: Deployment, given: argparse.Namespace) -> None:
    found = [dead for dead in _dead(at, given.account) if given.delivery in (None, dead.name)]
    if given.delivery and not found:
        raise OperatorError(
            f"no delivery {given.delivery} of this account was given up: delivery-list shows those that were"
        )
    told = [dead.name for dead in found if _replay(at, given, dead)]
    console.print(f"{len(told)} will be told again within two minutes, by the schedule from its beginning")


def _replay(at: Deployment, given: argparse.Namespace, dead: Dead) -> bool:
    """Owe it anew; False where somebody else did. What is told are the bytes that were told before."""
    row = dead.row
    owed = replace(row, delivery=Delivery.OWED, deliveries=0, due_at=_now(), version=row.version + 1)
    if not at.store.tasks.save(row, owed):
        return False
    at.store.accounts.note_act(given.account, _now(), given.act, dead.name)
    return True


def _dead(at: Deployment, account_id: str) -> Iterator[Dead]:
    at.account(account_id)
    for row in at.store.deliveries.dead(account_id):
        _, task_id, number = split(row.account_id, row.task_id)
        draft = at.store.tasks.request(account_id, task_id)
        if draft and draft.callback:
            yield Dead(row, row.task_id, draft.callback.urls[number - 1])


def act_list(at: Deployment, given: argparse.Namespace) -> None:
    at.account(given.account)
    lines = [f"{when(done_at)}  {what}  {about}" for done_at, what, about in at.store.accounts.acts(given.account)]
    console.print("\n".join(lines) or "none")


def _now() -> int:
    return time.time_ns() // 1_000_000
