"""python -m ops: parses the arguments, finds the deployment and runs the command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from ops import arguments, commands, hooks, plans
from ops.catalogs import catalog_check
from ops.doctor import doctor
from ops.targets import Target, find
from ops.terms import OperatorError
from relay.nouns.errors import RelayError

# Errors go to standard error, each on one line (soft_wrap), so that grep finds them.
errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

Argument = tuple[str, dict[str, object]]
ACCOUNT: Argument = ("account", {"type": arguments.account, "help": "account id"})
HOOK: Argument = ("url", {"type": arguments.hook, "help": "https"})
REFERENCE: Argument = (
    "--reference",
    {"type": arguments.line, "help": "your own id of the payment: the same one twice moves money once"},
)
AMOUNT: Argument = ("amount", {"type": arguments.amount, "help": "in the catalog's currency, such as 12.50"})
REASON: Argument = ("--reason", {"type": arguments.reason, "required": True, "help": "stored in the ledger"})
TIER: dict[str, object] = {"type": arguments.number, "help": "see the catalog's tiers"}
KEY_TERMS: tuple[Argument, ...] = (
    ("--name", {"type": arguments.line, "help": "what it is for"}),
    ("--dialect", {"action": "append", "help": "a family it may speak, instead of all; may be repeated"}),
    ("--model", {"action": "append", "help": "a model of the catalog it may use, instead of all; may be repeated"}),
    ("--read-only", {"action": "store_true", "help": "it asks, and creates nothing"}),
    ("--per-minute", {"type": arguments.number, "default": 0, "help": "most creations and model calls a minute"}),
    ("--budget", {"type": arguments.amount, "help": "the most it may spend in all"}),
    ("--expires", {"type": arguments.day, "default": 0, "help": "its first day without use (UTC), such as 2027-01-31"}),
    ("--access", {"action": "store_true", "help": "an access token: it manages the account and buys nothing"}),
)
COMMANDS: tuple[tuple[str, Callable[..., None], tuple[Argument, ...], str], ...] = (
    ("secrets-init", commands.secrets_init, (), "make the deployment's own secrets where they are missing"),
    (
        "secrets-set",
        commands.secrets_set,
        (
            ("name", {"help": "such as upstreams/NAME/key"}),
            ("--yes", {"action": "store_true", "help": "do not ask before replacing what others depend on"}),
        ),
        "read a secret from you",
    ),
    ("session-rotate", commands.session_rotate, (), "a new key for developers' access tokens; nobody is logged out"),
    (
        "account-create",
        commands.account_create,
        (
            ("name", {"type": arguments.line}),
            ("--tier", TIER | {"default": 1}),
            ("--topup", {"type": arguments.amount, "help": "opening balance"}),
        ),
        "a new account with its first key",
    ),
    ("account-show", commands.account_show, (ACCOUNT,), "balance, limits, and whether the ledger agrees"),
    (
        "account-freeze",
        commands.account_freeze,
        (ACCOUNT, ("--thaw", {"action": "store_true", "help": "undo it"})),
        "stop an account from creating tasks",
    ),
    ("account-tier", commands.account_tier, (ACCOUNT, ("tier", TIER)), "move an account to another tier"),
    (
        "hook-add",
        hooks.hook_add,
        (ACCOUNT, HOOK),
        "one more address that is told of tasks whose requests can name none",
    ),
    ("hook-list", hooks.hook_list, (ACCOUNT,), "an account's hooks"),
    ("hook-remove", hooks.hook_remove, (ACCOUNT, HOOK), "tell an address nothing more"),
    ("delivery-list", hooks.delivery_list, (ACCOUNT,), "callbacks that were given up after their last attempt"),
    (
        "delivery-replay",
        hooks.delivery_replay,
        (ACCOUNT, ("delivery", {"nargs": "?", "help": "as delivery-list names it; without it all of the account"})),
        "tell again what was given up, from the first attempt on",
    ),
    ("act-list", hooks.act_list, (ACCOUNT,), "what operators did to an account's hooks and deliveries"),
    ("subscription-show", plans.subscription_show, (ACCOUNT,), "what an account has subscribed to, and when it renews"),
    ("invoice-list", plans.invoice_list, (ACCOUNT,), "an account's invoices, the newest first"),
    ("invoice-check", plans.invoice_check, (ACCOUNT,), "whether each paid invoice is one entry of the ledger"),
    ("usage-check", commands.usage_check, (ACCOUNT,), "whether what is counted of its keys is what its tasks say"),
    ("account-topup", commands.account_topup, (ACCOUNT, AMOUNT, REFERENCE), "move money in"),
    (
        "account-debit",
        commands.account_debit,
        (
            ACCOUNT,
            AMOUNT,
            ("--reason", {"type": arguments.reason, "required": True, "help": "kept with it"}),
            REFERENCE,
        ),
        "take money out, never below 0",
    ),
    ("key-create", commands.key_create, (ACCOUNT, *KEY_TERMS), "one more API key, which may do less than its account"),
    ("key-list", commands.key_list, (ACCOUNT,), "an account's keys: id, beginning, state and dates"),
    (
        "key-revoke",
        commands.key_revoke,
        (
            ("account", {"type": arguments.account, "nargs": "?", "help": "not needed where the key itself is given"}),
            ("key", {"help": "key id, or the key itself"}),
        ),
        "shut a key out",
    ),
    ("webhook-rotate", commands.webhook_rotate, (ACCOUNT,), "a new signing secret for an account's callbacks"),
)
CATALOG: Argument = (
    "path",
    {"help": "its folder, such as layers/relay/python/relay/catalog, or one file with all of it"},
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops", description="What an operator of a relay does.")
    _where(parser, default=None)
    added = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., None], arguments: tuple[Argument, ...], text: str) -> None:
        one = added.add_parser(name, help=text, description=text)
        one.set_defaults(run=run, act=name)
        _where(one, default=argparse.SUPPRESS)  # so that it may stand before or behind the command
        for argument, options in arguments:
            one.add_argument(argument, **options)  # type: ignore[arg-type]

    for name, run, expected, text in COMMANDS:
        command(name, lambda at, given, run=run: run(at.deployment, given), expected, text)
    command("doctor", doctor, (), "what the deployment still lacks; fails where something blocks")
    command("catalog-check", catalog_check, (CATALOG,), "whether a catalog can be used; needs no deployment")
    return parser


def _where(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument("--stack", default=default, metavar="NAME", help="the CloudFormation stack to speak to")
    local = "or the stack `make serve` runs on this machine"
    parser.add_argument("--local", action="store_true", default=default, help=local)


def main(arguments: Sequence[str] | None = None, find: Callable[[str | None], Target] = find) -> int:
    """`find` leads to the stack of that name, or to the one on this machine; tests hand in their own."""
    parser = _parser()
    given = parser.parse_args(arguments)
    needed = given.run is not catalog_check
    # there is no default, so that nobody changes the wrong one
    if needed and bool(given.stack) == bool(given.local):
        parser.error("say which deployment: --local, or --stack NAME (samconfig.toml: genrelay-dev, genrelay)")
    try:
        given.run(find(given.stack) if needed else None, given)
    except (OperatorError, RelayError, BotoCoreError, ClientError) as error:
        errors.print(f"{error}", style="red")
    except (KeyboardInterrupt, EOFError):
        errors.print("stopped; nothing was changed")
    except Exception as error:
        errors.print(f"unexpected, please report it: {type(error).__name__}: {error}", style="red")
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
