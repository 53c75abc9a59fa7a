"""The commands about an account's plan: its subscription, its invoices, and whether these agree with the ledger."""

from __future__ import annotations

import argparse

from rich import box
from rich.table import Table
from rich.text import Text

from ops.commands import console, when
from ops.deployment import Deployment
from ops.terms import OperatorError
from relay.flow.invoices import disagreements


def subscription_show(at: Deployment, given: argparse.Namespace) -> None:
    tier = at.account(given.account).tier
    found = at.store.subscriptions.get(given.account)
    if found is None:
        console.print(f"no subscription; the account has tier {tier}")
        return
    rows = {
        "subscription": found.subscription_id,
        "plan": found.plan_id + (f", then {found.next_plan}" if found.next_plan else ""),
        "status": found.status.value + (", ends with its period" if found.cancel_at_period_end and found.live else ""),
        "paid by": found.method,
        "period": f"{when(found.period_start)} to {when(found.period_end)}",
        "looked at again": when(found.due_at or 0),
        "open invoice": f"{found.open_invoice}, charged {found.tries} times in vain" if found.open_invoice else "-",
        "tier": str(tier),
    }
    table = Table(show_header=False)
    for name, value in rows.items():
        table.add_row(name, Text(value))
    console.print(table)


def invoice_list(at: Deployment, given: argparse.Namespace) -> None:
    at.account(given.account)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in ("invoice", "plan", "status", "amount", "issued", "paid", "period ends"):
        table.add_column(column)
    for each in at.store.subscriptions.invoices(given.account):
        dates = when(each.issued_at), when(each.paid_at), when(each.period_end)
        table.add_row(each.invoice_id, each.plan_id, each.status.value, at.money(each.amount), *dates)
    console.print(table)


def invoice_check(at: Deployment, given: argparse.Namespace) -> None:
    at.account(given.account)
    if said := list(disagreements(at.store, given.account)):
        raise OperatorError("\n".join([*said, "where one is being paid at this moment, look again in a minute"]))
    console.print("each paid invoice is one entry of the ledger, of its very amount, and there are no others")
