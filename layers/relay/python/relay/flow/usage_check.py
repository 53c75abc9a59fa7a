"""Holds what is counted of an account's keys against its tasks, of which all of it can be made again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from relay.effects.store import Store
from relay.nouns.money import EntryKind, ended_at, usage_of
from relay.nouns.task import Task
from relay.nouns.usage import Usage


class Difference(NamedTuple):
    """What is counted under a name, and what the tasks say."""

    about: str
    counted: Usage | int
    true: Usage | int


def differences(store: Store, account_id: str) -> Sequence[Difference]:
    """Empty where all agrees. While tasks begin and end what they change may differ for a moment."""
    charged = {each.reference for each in store.accounts.entries(account_id) if each.kind is EntryKind.RESERVE}
    tasks = [task for task in store.tasks.since(account_id, "0") if task.task_id in charged]
    return [*_of_usage(store, account_id, tasks), *_of_counters(store, account_id, tasks)]


def _of_usage(store: Store, account_id: str, tasks: Sequence[Task]) -> Iterator[Difference]:
    true = dict[str, Usage]()
    for task in (task for task in tasks if task.terminal and task.key_id):
        about = f"usage of key {task.key_id}, day {store.tasks.booking.day(ended_at(task))}, {task.model}"
        true[about] = usage_of(task).plus(true.get(about, Usage()))
    counted = {
        f"usage of key {row.key_id}, day {row.day}, {row.model}": row.usage for row in store.usages.all(account_id)
    }
    for about in sorted(true.keys() | counted):
        one, other = counted.get(about, Usage()), true.get(about, Usage())
        if one != other:
            yield Difference(about, one, other)


def _of_counters(store: Store, account_id: str, tasks: Sequence[Task]) -> Iterator[Difference]:
    account = store.accounts.get(account_id)
    if account is None:
        return
    spent = {task.task_id: usage_of(task).cost if task.terminal else task.price for task in tasks}
    if account.spent != sum(spent.values()):
        yield Difference("spent by the account", account.spent, sum(spent.values()))
    for key_id, count in account.key_counts.items():
        true = sum(spent[task.task_id] for task in tasks if task.key_id == key_id)
        if count.used != true:
            yield Difference(f"used by key {key_id}", count.used, true)
