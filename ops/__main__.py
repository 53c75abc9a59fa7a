"""python -m ops: what an operator does, each command one line of the table at the end."""

from __future__ import annotations

import argparse
import getpass
import sys

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from ops.deployment import Deployment, OperatorError, on_aws, on_this_machine
from relay.ledger import NANOS, nanos

console = Console()


def secrets_init(at: Deployment, given: argparse.Namespace) -> None:
    made = at.init_secrets()
    console.print(f"made: {', '.join(made)}" if made else "all there already")


def secrets_set(at: Deployment, given: argparse.Namespace) -> None:
    value = getpass.getpass(f"{given.name}: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    if not value:
        raise OperatorError("no value given; nothing was changed")
    at.put_secret(given.name, value, overwrite=True)
    console.print(f"set {at.prefix}/{given.name}; functions see it within five minutes")


def account_create(at: Deployment, given: argparse.Namespace) -> None:
    made = at.open_account(given.name, given.tier, nanos(given.topup))
    console.print(f"account        {made.account_id}")
    console.print(f"API key        {made.api_key}   (shown this once)", soft_wrap=True)
    console.print(f"webhook secret {made.webhook_secret}", soft_wrap=True)


def account_show(at: Deployment, given: argparse.Namespace) -> None:
    gate, drift = at.gate(given.account), at.store.accounts.drift(given.account)
    rows = {
        "name": gate.name,
        "status": gate.status,
        "tier": f"{gate.tier} {at.catalog.tiers[gate.tier].name}",
        "balance": _money(at, gate.balance),
        "unfinished tasks": str(gate.in_flight),
        "drift": f"{_money(at, drift)}{'' if drift == 0 else '  <- a defect: balance and entries disagree'}",
    }
    table = Table(show_header=False)
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)


def account_freeze(at: Deployment, given: argparse.Namespace) -> None:
    at.gate(given.account)
    at.store.accounts.change(given.account, status="active" if given.thaw else "frozen")
    console.print("active" if given.thaw else "frozen: it can read, but creates nothing")


def account_tier(at: Deployment, given: argparse.Namespace) -> None:
    at.gate(given.account)
    if given.tier not in at.catalog.tiers:
        raise OperatorError(f"no tier {given.tier}; there are: {', '.join(map(str, at.catalog.tiers))}")
    at.store.accounts.change(given.account, tier=given.tier)
    console.print("done; running functions see it within a minute")


def account_topup(at: Deployment, given: argparse.Namespace) -> None:
    at.top_up(given.account, nanos(given.amount), given.reference)
    console.print(f"balance {_money(at, at.gate(given.account).balance)}")


def key_create(at: Deployment, given: argparse.Namespace) -> None:
    key_id, api_key = at.add_key(given.account)
    console.print(f"key {key_id}: {api_key}   (shown this once)", soft_wrap=True)


def key_revoke(at: Deployment, given: argparse.Namespace) -> None:
    if not at.store.directory.revoke_key(given.account, given.key):
        raise OperatorError(f"account {given.account} has no key {given.key}")
    console.print("revoked; running functions see it within a minute")


def webhook_rotate(at: Deployment, given: argparse.Namespace) -> None:
    console.print(f"{at.rotate_webhook(given.account)}   (the old one signs beside it for a day)", soft_wrap=True)


def _money(at: Deployment, amount: int) -> str:
    return f"{amount / NANOS:.2f} {at.catalog.currency}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops", description=__doc__)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--stack", default="genrelay", help="CloudFormation stack on AWS (default: %(default)s)")
    where.add_argument("--local", action="store_true", help="the stack `make serve` runs on this machine")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(words: str, run: object, *arguments: tuple[str, dict[str, object]], text: str) -> None:
        added = commands.add_parser(words, help=text)
        added.set_defaults(run=run)
        for name, options in arguments:
            added.add_argument(name, **options)  # type: ignore[arg-type]

    account: tuple[str, dict[str, object]] = ("account", {"help": "account id"})
    tier: dict[str, object] = {"type": int, "default": 1, "help": "see catalog.toml (default: %(default)s)"}
    command("secrets-init", secrets_init, text="make the deployment's own secrets where they are missing")
    command("secrets-set", secrets_set, ("name", {"help": "such as upstreams/kie/key"}), text="read a secret from you")
    command(
        "account-create",
        account_create,
        ("name", {}),
        ("--tier", tier),
        ("--topup", {"default": "0", "help": "opening balance"}),
        text="a new account with its first key",
    )
    command("account-show", account_show, account, text="balance, limits, and whether the ledger agrees")
    command(
        "account-freeze",
        account_freeze,
        account,
        ("--thaw", {"action": "store_true", "help": "undo it"}),
        text="stop an account from creating tasks",
    )
    command("account-tier", account_tier, account, ("tier", {"type": int}), text="move an account to another tier")
    command(
        "account-topup",
        account_topup,
        account,
        ("amount", {"help": "in the catalog's currency"}),
        ("--reference", {"help": "your own id of the payment: the same one twice moves money once"}),
        text="move money in",
    )
    command("key-create", key_create, account, text="one more API key")
    command("key-revoke", key_revoke, account, ("key", {"help": "key id"}), text="shut a key out")
    command("webhook-rotate", webhook_rotate, account, text="a new signing secret for an account's callbacks")
    return parser


def main() -> int:
    given = _parser().parse_args()
    try:
        given.run(on_this_machine() if given.local else on_aws(given.stack), given)
    except (OperatorError, BotoCoreError, ClientError, ArithmeticError) as error:
        console.print(f"[red]{error}[/]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
