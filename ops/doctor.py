"""Checks a deployment and prints what is missing, the most serious first."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops import checks, readiness
from ops.findings import Finding, Level, lacking
from ops.targets import Target
from ops.terms import OperatorError

CHECKS: Mapping[str, Callable[[Target], Iterator[Finding]]] = {
    "secrets": readiness.secrets,
    "upstreams": readiness.upstreams,
    "payments": readiness.payments,
    "concurrency": checks.quotas,
    "clock": checks.clock,
    "queues": checks.queues,
    "alarms": checks.alarms,
    "logs": checks.logs,
    "tables": checks.tables,
    "CORS": checks.cors,
    "version": checks.versions,
}
STYLES = {Level.OK: "green", Level.LACKING: "yellow", Level.BLOCKING: "bold red"}
GRAVEST_FIRST = (Level.BLOCKING, Level.LACKING, Level.OK)
WIDEST = 100  # columns: what is wider cannot be read

console = Console(highlight=False, markup=False)


def examine(at: Target) -> list[Finding]:
    """All findings, gravest first; a check that fails, for want of rights or otherwise, is a finding too."""
    found = [finding for name, check in CHECKS.items() for finding in _run_check(at, name, check)]
    return sorted(found, key=lambda each: GRAVEST_FIRST.index(each.level))


def _run_check(at: Target, name: str, check: Callable[[Target], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(check(at))
    except (ClientError, BotoCoreError) as error:
        return [lacking(name, f"could not be looked at: {error}")]


def doctor(at: Target, given: argparse.Namespace) -> None:
    """Print what is found. Raises OperatorError where something blocks."""
    found = examine(at)
    table = Table.grid(padding=(0, 1))
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in found:
        table.add_row(Text(finding.level, STYLES[finding.level]), finding.about, Text(finding.text))
    console.print(table, width=min(console.width, WIDEST))
    count = {level: sum(each.level is level for each in found) for level in Level}
    console.print(f"\n{at.stack['StackName']}: {count[Level.OK]} well, {count[Level.LACKING]} lacking", end="")
    console.print(f", {count[Level.BLOCKING]} blocking")
    if count[Level.BLOCKING]:
        raise OperatorError("not ready for customers: fix what is marked ✗")
