"""make run: the main job on the one-machine stack, watched live, with a table and the files at the end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import requests
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from local.demo_chat import MODEL, Chat, chat
from local.demo_tasks import DEMO_TASKS, DemoTask, Run
from local.gallery import write_gallery
from local.relayed import LocalRelay
from local.serve import log_to
from local.upstreams.inbox import Inbox
from relay.nouns.money import NANOS
from relay.nouns.task import TERMINAL, State

OUT = Path("out")
NEW = Path("out.new")  # becomes OUT at the end, so that a run that is stopped leaves the last one's files
PATIENCE = 90.0  # seconds until a run that does not end is called a failure
# Widths that let every row stand on one line of an 80-column terminal, with families' names of up to eight letters.
COLUMNS = {"task": 13, "family → upstream": 19, "learnt": 8, "seconds": 7, "price": 5, "told": 6, "in out/": 16}


def run() -> int:
    """0 when every task ended as it should and the ledger agrees."""
    console = Console(highlight=False)
    shutil.rmtree(NEW, ignore_errors=True)
    NEW.mkdir()
    with (NEW / "functions.log").open("w") as log, Inbox() as inbox:
        log_to(NEW / "functions.log")
        with console.status("starting the relay on this machine …"):
            relay = LocalRelay(log=lambda line: print(line, file=log, flush=True))
            relay.stack.warm()
        with relay:
            try:
                good = _run(console, Run(relay, inbox, NEW))
            except (TimeoutError, requests.RequestException) as error:
                console.print(f"[red]{error}[/]\nwhat the functions said is in {OUT / 'functions.log'}")
                good = False
    shutil.rmtree(OUT, ignore_errors=True)
    NEW.rename(OUT)
    return 0 if good else 1


def _run(console: Console, run: Run) -> bool:
    before = run.relay.deployment.account(run.relay.demo.account_id).balance
    _watch(console, run)
    # As if weeks had passed at the providers: what is fetched below can only be what the relay has kept.
    run.relay.upstreams.files.expire()
    dead, given = run.dead_links()
    for entry in DEMO_TASKS:
        run.fetch(entry)
    console.print(_results(run))
    for path in (path for entry in DEMO_TASKS for path in entry.files if path.suffix == ".txt"):
        first = path.read_text("utf-8").strip().partition("\n")[0]
        console.print(Text(f"{path.name} begins: {first}"), no_wrap=True, overflow="ellipsis")
    console.print(f"fetched by the relay's own links; the providers' had died by then: {dead} of {given}")
    said = _chat(console, run)
    after = run.relay.deployment.account(run.relay.demo.account_id).balance
    spent = sum(run.task(e).price for e in DEMO_TASKS if run.task(e).state is State.SUCCEEDED) + (said.task.used or 0)
    drift = run.relay.deployment.store.accounts.drift(run.relay.demo.account_id)
    agrees = drift == 0 and before - after == spent
    console.print(
        f"balance {_money(before)} → {_money(after)}, spent {_money(spent)}; "
        + ("the ledger agrees to the nano" if agrees else f"[red]the ledger is off by {drift} nanos[/]")
    )
    page = write_gallery(NEW, [(entry.name, run.prompt(entry), entry.shown) for entry in DEMO_TASKS])
    console.print(f"open [bold]{OUT / page.name}[/] to see what was made")
    return (
        agrees
        and said.good
        and dead == given > 0
        and all(run.task(e).state is e.expected and run.told(e) is e.is_told for e in DEMO_TASKS)
    )


def _chat(console: Console, run: Run) -> Chat:
    said = chat(run.relay)
    console.print(Text(f"{MODEL} answers on the open line: {said.words}"), no_wrap=True, overflow="ellipsis")
    console.print(
        f"{said.pieces} pieces, the first after {said.first:.1f} s, the last after {said.last:.1f} s; "
        f"{said.task.tokens} tokens, ¥{(said.task.used or 0) / NANOS:.6f}"
    )
    return said


def _watch(console: Console, run: Run) -> None:
    progress = Progress(
        SpinnerColumn(finished_text="●"),
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[word]:<11}"),
        TimeElapsedColumn(),
        console=console,
    )
    bars: dict[TaskID, DemoTask] = {}
    until = time.monotonic() + PATIENCE
    with Live(progress, console=console, refresh_per_second=8):
        for entry in DEMO_TASKS:
            run.submit(entry)
            bars[progress.add_task(entry.name, total=100, word="pending")] = entry
        open_bars = dict(bars)
        while open_bars:
            if time.monotonic() > until:
                late = ", ".join(entry.name for entry in open_bars.values())
                raise TimeoutError(f"not ended after {PATIENCE:.0f} s: {late}")
            for bar, entry in list(open_bars.items()):
                word, percent = run.status(entry)
                progress.update(bar, completed=percent, word=word)
                if State(word) in TERMINAL:
                    entry.seconds = time.monotonic() - entry.began
                    progress.update(bar, completed=100)
                    del open_bars[bar]
            time.sleep(0.2)
        _until_told(run)
    console.print()


def _until_told(run: Run) -> None:
    """Waits for the last callbacks; which of them did not come, the table says."""
    until = time.monotonic() + 15
    while time.monotonic() < until and not all(run.told(entry) for entry in DEMO_TASKS if entry.is_told):
        time.sleep(0.2)


def _results(run: Run) -> Table:
    rows = []
    for entry in DEMO_TASKS:
        task = run.task(entry)
        made = task.state is State.SUCCEEDED
        result = _named(entry.files) if made else f"{_money(task.price)} refunded"
        price = _money(task.price) if made else "¥0.00"
        told = "signed" if run.told(entry) else "[red]no[/]" if entry.is_told else "–"
        way = f"{task.dialect} → {task.upstream}"
        rows.append((entry.name, way, task.learnt, f"{entry.seconds:.1f}", price, told, result))
    return table_of(rows)


def _named(files: Sequence[Path]) -> str:
    """The first of the files, and how many more there are."""
    more = f" +{len(files) - 1}" if len(files) > 1 else ""
    return f"{files[0].name}{more}" if files else "-"


def table_of(rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    for column, width in COLUMNS.items():
        table.add_column(column, min_width=width, justify="right" if column in ("seconds", "price") else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _money(nanos: int) -> str:
    return f"¥{nanos / NANOS:.2f}"
