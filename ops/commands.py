"""The commands about secrets, accounts, keys and money."""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import UTC, datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.deployment import Deployment
from ops.terms import OWN_SECRETS, OperatorError
from relay.flow.usage_check import differences
from relay.nouns.keys import KeyKind, KeyRequest, KeyTerms, ListedKey
from relay.nouns.usage import Usage

# what is printed may hold brackets of a customer's own, so nothing is read as markup
console = Console(highlight=False, markup=False, soft_wrap=True)


def secrets_init(at: Deployment, given: argparse.Namespace) -> None:
    made = at.init_secrets()
    console.print(f"made: {', '.join(made)}" if made else "all there already")


def secrets_set(at: Deployment, given: argparse.Namespace) -> None:
    names = at.secret_names()
    if given.name not in names:
        raise OperatorError(f"nothing reads a secret named {given.name!r}; there are: {', '.join(names)}")
    broken = OWN_SECRETS.get(given.name)
    if broken and not given.yes and at.find_secret(given.name) is not None:
        _confirm(f"{given.name} is set. If it is replaced, {broken}.")
    value = (getpass.getpass(f"{given.name}: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not value:
        raise OperatorError("no value given; nothing was changed")
    at.put_secret(given.name, value, overwrite=True)
    console.print(f"set {at.prefix}/{given.name}; functions see it within five minutes")


def session_rotate(at: Deployment, given: argparse.Namespace) -> None:
    at.rotate_session_key()
    console.print("done; functions sign with it within five minutes, and take tokens by the one before until they end")


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise OperatorError(f"{question} Say --yes if that is what you want; nothing was changed")
    if input(f"{question} Replace it? Type yes: ").strip() != "yes":
        raise OperatorError("nothing was changed")


def account_create(at: Deployment, given: argparse.Namespace) -> None:
    made = at.open_account(given.name, given.tier, given.topup or 0)
    console.print(f"account        {made.account_id}")
    console.print(f"API key        {made.api_key}   (shown this once)")
    console.print(f"key id         {made.key_id}")
    console.print(f"webhook secret {made.webhook_secret}")


def account_show(at: Deployment, given: argparse.Namespace) -> None:
    row, drift = at.account(given.account), at.store.accounts.drift(given.account)
    developer = at.store.logins.developer(given.account)
    tier = at.catalog.tiers.get(row.tier)
    rows = {
        "name": row.name,
        "status": row.status,
        "tier": f"{row.tier} {tier.name if tier else '(not in the catalog)'}",
        "balance": at.money(row.balance),
        "unfinished tasks": str(row.in_flight),
        "developer": developer.email if developer else "-",
        "hooks": ", ".join(row.hooks) or "-",
        "drift": f"{at.money(drift)}{'' if drift == 0 else '  <- a defect: balance and entries disagree'}",
    }
    table = Table(show_header=False)
    for name, value in rows.items():
        table.add_row(name, Text(value))
    console.print(table)


def account_freeze(at: Deployment, given: argparse.Namespace) -> None:
    at.account(given.account)
    at.accounts.freeze(given.account, frozen=not given.thaw)
    console.print("active" if given.thaw else "frozen: it can read, but creates nothing")


def account_tier(at: Deployment, given: argparse.Namespace) -> None:
    at.account(given.account)
    at.check_tier(given.tier)
    at.accounts.set_tier(given.account, given.tier)
    console.print("done; running functions see it within a minute")
    found = at.store.subscriptions.get(given.account)
    if found and found.live:
        console.print(f"it has subscribed to {found.plan_id}, whose tier it has again once that is charged or changed")


def account_topup(at: Deployment, given: argparse.Namespace) -> None:
    _moved(at, given, at.top_up(given.account, given.amount, given.reference))


def account_debit(at: Deployment, given: argparse.Namespace) -> None:
    _moved(at, given, at.debit(given.account, given.amount, given.reason, given.reference))


def _moved(at: Deployment, given: argparse.Namespace, moved: bool) -> None:
    if not moved:
        console.print(f"{given.reference} is already booked with this very amount; nothing was moved")
    console.print(f"balance {at.money(at.account(given.account).balance)}")


def key_create(at: Deployment, given: argparse.Namespace) -> None:
    terms = KeyTerms(
        tuple(given.dialect or ()), tuple(given.model or ()), given.read_only, given.per_minute, given.expires
    )
    kind = KeyKind.ACCESS if given.access else KeyKind.API
    made = at.add_key(given.account, KeyRequest(given.name or "", terms, given.budget), kind)
    console.print(f"key {made.listed.key_id}: {made.api_key}   (shown this once)")


def key_list(at: Deployment, given: argparse.Namespace) -> None:
    at.account(given.account)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in ("key id", "begins with", "state", "created", "revoked, or last used"):
        table.add_column(column)
    for key in (keys := at.accounts.keys(given.account)):
        last = when(key.revoked_at or key.last_used_at)
        table.add_row(key.key_id, Text(f"{key.prefix}…"), key.status, when(key.created_at), last)
    console.print(table)
    for key in keys:
        if said := ": ".join(words for words in (key.name, _terms(at, key)) if words):
            console.print(Text(f"{key.key_id}  {said}"))


def _terms(at: Deployment, key: ListedKey) -> str:
    """What a key may do, in words; nothing where that is all its account may."""
    terms = key.terms
    said = {
        "manage the account, and nothing else": key.kind is KeyKind.ACCESS,
        f"speak {', '.join(terms.dialects)}": terms.dialects,
        f"use {', '.join(terms.models)}": terms.models,
        "only read": terms.read_only,
        f"create {terms.per_minute} a minute": terms.per_minute,
        f"until {when(terms.expires_at)}": terms.expires_at,
        f"spend {at.money(key.left or 0)} more": key.left is not None,
    }
    return "; ".join(words for words, true in said.items() if true)


def usage_check(at: Deployment, given: argparse.Namespace) -> None:
    at.account(given.account)
    said = [
        f"{each.about}: {_told(each.counted)} counted, {_told(each.true)} by the tasks"
        for each in differences(at.store, given.account)
    ]
    if said:
        raise OperatorError("\n".join([*said, "where tasks are ending at this moment, look again in a minute"]))
    console.print("what is counted of its keys is what its tasks say")


def _told(what: Usage | int) -> str:
    if isinstance(what, int):
        return f"{what} nanos"
    return ", ".join(f"{name} {number}" for name, number in what._asdict().items())


def key_revoke(at: Deployment, given: argparse.Namespace) -> None:
    account_id, key_id = at.revoke_key(given.account, given.key)
    console.print(f"revoked key {key_id} of account {account_id}; running functions see it within a minute")


def webhook_rotate(at: Deployment, given: argparse.Namespace) -> None:
    at.account(given.account)
    console.print(f"{at.accounts.rotate_webhook(given.account)}   (the old one signs beside it for a day)")


def when(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC") if at else "-"
