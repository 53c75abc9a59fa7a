"""Asking what an account has, what it spent and what it may buy."""

from __future__ import annotations

from collections.abc import Sequence

from relay.edge.operations import Ask, Operations, serve
from relay.families.uses import BALANCE, CONSUMPTION, MODELS
from relay.flow import menu, statement
from relay.nouns.account import Balance, Statement, StatementPage
from relay.nouns.catalog import Listed


def balance(ask: Ask[None]) -> Balance:
    return statement.balance(ask.services, ask.caller)


def consumption(ask: Ask[Statement]) -> StatementPage:
    return statement.consumption(ask.services, ask.caller, ask.read())


def models(ask: Ask[str | None]) -> Sequence[Listed]:
    return menu.models(ask.services, ask.caller, ask.read())


OPERATIONS: Operations = dict([serve(BALANCE, balance), serve(CONSUMPTION, consumption), serve(MODELS, models)])
