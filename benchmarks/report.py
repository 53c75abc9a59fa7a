"""Shows the rows: on the terminal, all of them in docs/numbers.md, and the few that matter most in the README."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.prices import AS_OF, REGION
from benchmarks.report_rows import Row

# What the README shows: heading and name of the row, and its description there.
HEADLINES = (
    ("CPU of a warm", "submit", "CPU of taking a task, beside a bare handler that makes the same AWS calls"),
    ("CPU of a warm", "status", "CPU of a status query, beside the same"),
    ("CPU of a cold", "submit", "CPU of a cold start of what takes tasks, beside only importing and connecting"),
    ("AWS calls", "callback, client told", "a million tasks learnt by callback and told, at AWS list prices"),
    ("Poll lag", "1,000 tasks due at once", "a thousand tasks due at once, until their outcome is known"),
    ("Chats through", "genrelay: streamed", "streamed chats on one core, with accounts, limits and the ledger on"),
    ("Chats through", "genrelay: latency added", "what a chat waits longer than if it asked the upstream itself"),
    ("A served stack", "1,000 tasks", "the whole of it on this machine: a thousand pictures, archived and told"),
)
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

NOTES = (
    "CPU is this process's own time, medians, taken turn about; the embedded cloud and the upstream run in others.",
    "DynamoDB units are computed from the observed requests and rows by DynamoDB's published rules; the embedded cloud "
    "reports what it would charge by rules of its own, and both are compared on every path.",
    f"Dollars are {REGION} list prices as of {AS_OF}, no free tier, no internet traffic. Function time is "
    "measured here: waiting as it was, computing stretched to the vCPU share of the template's memory.",
    "The per-task paths leave results where the upstreams keep them (ArchiveResults off); archiving has rows of its "
    "own, and its 1 MB is 2^20 bytes, as S3 counts.",
    "Copies run from one process that makes bytes up into another that answers as S3 does and throws them away, "
    "because the embedded cloud keeps objects in memory; requests are unsigned, as bodies are by https, and nothing is "
    "encrypted. The plain copy is urllib3 into boto3 as they come. The dollars of archiving are taken with the "
    "embedded cloud.",
    "Uploads are signed with a hash of the body, which the SDK leaves out by https, where it encrypts instead.",
    "Chats: every gateway is one process alone on its core, whose share of it is shown; the clients, the upstream "
    "and, for ours, the embedded cloud share the other. The others check one key (LiteLLM's proxy) or none (Portkey's "
    "gateway) and book nothing; ours serves 32 accounts. Of each percentile of the latency the upstream's own, asked "
    "directly, is taken off.",
    "A line by function has an execution environment of its own; containers are Fargate's on arm64, their CPU as "
    "measured here. They are cheaper from where functions cost more than what stands there always.",
    "Queues are priced at one message a batch, polled tasks at one task a lap, so batching only makes it cheaper.",
)


def show(console: Console, rows: Sequence[Row]) -> None:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("what", overflow="fold")
    table.add_column("measured", overflow="fold")
    table.add_column("goal", no_wrap=True)
    for row in rows:
        if not row.value:
            table.add_section()
            table.add_row(f"[bold]{row.what}[/]")
        else:
            colour = {None: "default", True: "green", False: "yellow"}[row.met]
            table.add_row(row.what, row.value, f"[{colour}]{_goal(row)}[/]")
    console.print(table)
    for note in NOTES:
        console.print(note, style="dim")


def markdown(rows: Sequence[Row]) -> str:
    return "\n".join([_table(rows), "", *(f"- {note}" for note in NOTES)])


def replaced(text: str, block: str) -> str | None:
    """`text` with `block` between the two marks, or None where it does not hold both in order."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{BEGIN}\n{block}\n{END}{after}" if begin and end else None


def headlines(rows: Sequence[Row]) -> list[Row]:
    """The README's rows, in its words. Raises LookupError where one of them was not measured."""
    under, placed = "", list[tuple[str, Row]]()
    for row in rows:
        under = under if row.value else row.what
        placed.append((under, row))
    found = []
    for heading, name, words in HEADLINES:
        fitting = [row for under, row in placed if under.startswith(heading) and row.what.partition(" (")[0] == name]
        if not fitting:
            raise LookupError(f"no row {name!r} under {heading!r}: mend HEADLINES in benchmarks/report.py")
        found.append(fitting[0]._replace(what=words))
    return found


def write(numbers: Path, readme: Path, rows: Sequence[Row]) -> None:
    """Rewrite the blocks of both files. Raises LookupError where the README's rows or a block are not there."""
    _rewrite(numbers, markdown(rows))
    _rewrite(readme, _table(headlines(rows)))


def _rewrite(path: Path, block: str) -> None:
    changed = replaced(path.read_text("utf-8"), block)
    if changed is None:
        raise LookupError(f"{path.name} has no {BEGIN} … {END}")
    path.write_text(changed, "utf-8")


def _table(rows: Sequence[Row]) -> str:
    lines = ["| what | measured | goal |", "|---|---|---|"]
    for row in rows:
        cells = (row.what, row.value, _goal(row)) if row.value else (f"**{row.what}**", "", "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _goal(row: Row) -> str:
    return row.goal + {None: "", True: " ✓", False: " ✗"}[row.met]
