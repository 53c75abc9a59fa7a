"""Asking what an account has and what it spent."""

from __future__ import annotations

from relay.edge.operations import Ask, Operations, serve
from relay.families.dialect import BALANCE, CONSUMPTION
from relay.flow import statement
from relay.nouns.account import Balance, Statement, StatementPage


def balance(ask: Ask[None]) -> Balance:
    return statement.balance(ask.services, ask.caller)


def consumption(ask: Ask[Statement]) -> StatementPage:
    return statement.consumption(ask.services, ask.caller, ask.read())


OPERATIONS: Operations = dict([serve(BALANCE, balance), serve(CONSUMPTION, consumption)])
