"""make run: the main job on the one-machine stack, watched live, with a table and the files at the end."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from standardwebhooks import Webhook

from local.gallery import write_gallery
from local.relayed import LocalRelay
from local.upstreams.inbox import Inbox
from relay.ledger import NANOS
from relay.task import TERMINAL, State, Task

OUT = Path("out")
LOG = OUT / "functions.log"
PATIENCE = 90.0  # seconds until a run that does not end is called a failure
# Widths that let every row stand on one line of an 80-column terminal.
COLUMNS = {"task": 13, "family → upstream": 13, "learnt": 8, "seconds": 7, "price": 5, "told": 6, "result": 15}
PERCENT = {"pending": 5, "queued": 20, "processing": 55}


@dataclass
class Errand:
    """One request of the run, and what became of it."""

    name: str
    path: str
    body: dict[str, Any]
    expected: State = State.SUCCEEDED
    task_id: str = ""
    began: float = 0.0
    seconds: float = 0.0
    files: list[Path] = field(default_factory=list)

    @property
    def kie(self) -> bool:
        return self.path.startswith("/api/v1/")


ERRANDS = (
    Errand("image relay", "/api/grok/images", {"prompt": "A lighthouse at dawn, long exposure"}),
    Errand(
        "image KIE",
        "/api/v1/gpt4o-image/generate",
        {"prompt": "A paper boat on a quiet canal", "size": "3:2"},
    ),
    Errand(
        "video polled",
        "/api/dreamina/videos",
        {"action": "text2video", "prompt": "Clouds racing over a wheat field", "duration": 5},
    ),
    Errand(
        "image refused",
        "/api/grok/images",
        {"prompt": "Something the provider will not draw [[kie/submit:refuse]]"},
        expected=State.FAILED,
    ),
)


class Run:
    def __init__(self, relay: LocalRelay, inbox: Inbox) -> None:
        self.relay, self.inbox = relay, inbox
        self.http = requests.Session()
        self.http.headers["authorization"] = f"Bearer {relay.demo.api_key}"

    def submit(self, errand: Errand) -> None:
        hook = "callBackUrl" if errand.kie else "callback_url"
        errand.began = time.monotonic()
        answer = self.http.post(self.relay.url + errand.path, json={**errand.body, hook: self.inbox.url}, timeout=30)
        answer.raise_for_status()
        errand.task_id = answer.json()["data"]["taskId"] if errand.kie else answer.json()["task_id"]

    def status(self, errand: Errand) -> tuple[str, float]:
        """The canonical status and percent, as the errand's own dialect tells them."""
        if errand.kie:
            asked = f"{self.relay.url}/api/v1/gpt4o-image/record-info?taskId={errand.task_id}"
            data = self.http.get(asked, timeout=30).json()["data"]
            word = {0: "processing", 1: "succeeded"}.get(data["successFlag"], "failed")
            return word, max(float(data["progress"]) * 100, PERCENT.get(word, 100))
        platform = errand.path.split("/")[2]
        asked = f"{self.relay.url}/api/{platform}/tasks"
        word = self.http.post(asked, json={"task_id": errand.task_id}, timeout=30).json()["status"]
        return word, PERCENT.get(word, 100)

    def task(self, errand: Errand) -> Task:
        task = self.relay.deployment.store.tasks.get(self.relay.demo.account_id, errand.task_id)
        if task is None:
            raise LookupError(errand.task_id)
        return task

    def fetch(self, errand: Errand, number: int) -> None:
        """Save the results as a person would: from the links the relay gave."""
        for index, asset in enumerate(self.task(errand).assets):
            answer = requests.get(asset.url, timeout=30)
            answer.raise_for_status()
            kind = answer.headers["content-type"].split("/")[-1].replace("jpeg", "jpg").replace("mpeg", "mp3")
            suffix = f"-{index + 1}" if index else ""
            path = OUT / f"{number}-{self.task(errand).kind}{suffix}.{kind}"
            path.write_bytes(answer.content)
            errand.files.append(path)

    def told(self, errand: Errand) -> bool:
        """Whether the client was told of this task with a signature the published verifier accepts."""
        for letter in list(self.inbox.letters):
            document = Webhook(self.relay.demo.webhook_secret).verify(letter.raw, dict(letter.headers))
            told_of = document.get("task_id") or document.get("data", {}).get("taskId")
            if told_of == errand.task_id:
                return True
        return False


def run() -> int:
    """0 when every errand ended as it should and the ledger agrees."""
    console = Console(highlight=False)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    with LOG.open("w") as log, Inbox() as inbox:
        with console.status("starting the relay on this machine …"):
            relay = LocalRelay(log=lambda line: print(line, file=log, flush=True))
            relay.stack.warm()
        with relay:
            try:
                return _run(console, Run(relay, inbox))
            except (TimeoutError, requests.RequestException) as error:
                console.print(f"[red]{error}[/]\nwhat the functions said is in {LOG}")
                return 1


def _run(console: Console, run: Run) -> int:
    before = run.relay.deployment.gate(run.relay.demo.account_id).balance
    _watch(console, run)
    for number, errand in enumerate(ERRANDS, 1):
        run.fetch(errand, number)
    console.print(_results(run))
    after = run.relay.deployment.gate(run.relay.demo.account_id).balance
    spent = sum(run.task(e).price for e in ERRANDS if run.task(e).state is State.SUCCEEDED)
    drift = run.relay.deployment.store.accounts.drift(run.relay.demo.account_id)
    agrees = drift == 0 and before - after == spent
    console.print(
        f"balance {_money(before)} → {_money(after)}, spent {_money(spent)}; "
        + ("the ledger agrees to the nano" if agrees else f"[red]the ledger is off by {drift} nanos[/]")
    )
    page = write_gallery(OUT, [(errand.name, str(errand.body["prompt"]), errand.files) for errand in ERRANDS])
    console.print(f"open [bold]{page}[/] to see what was made")
    good = agrees and all(run.task(e).state is e.expected and run.told(e) for e in ERRANDS)
    return 0 if good else 1


def _watch(console: Console, run: Run) -> None:
    progress = Progress(
        SpinnerColumn(finished_text="●"),
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[word]:<11}"),
        TimeElapsedColumn(),
        console=console,
    )
    bars: dict[TaskID, Errand] = {}
    until = time.monotonic() + PATIENCE
    with Live(progress, console=console, refresh_per_second=8):
        for errand in ERRANDS:
            run.submit(errand)
            bars[progress.add_task(errand.name, total=100, word="pending")] = errand
        open_bars = dict(bars)
        while open_bars:
            if time.monotonic() > until:
                late = ", ".join(errand.name for errand in open_bars.values())
                raise TimeoutError(f"not ended after {PATIENCE:.0f} s: {late}")
            for bar, errand in list(open_bars.items()):
                word, percent = run.status(errand)
                progress.update(bar, completed=percent, word=word)
                if State(word) in TERMINAL:
                    errand.seconds = time.monotonic() - errand.began
                    progress.update(bar, completed=100)
                    del open_bars[bar]
            time.sleep(0.2)
        run.inbox.wait(len(ERRANDS), seconds=15)
    console.print()


def _results(run: Run) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column, width in COLUMNS.items():
        table.add_column(column, min_width=width, justify="right" if column in ("seconds", "price") else "left")
    for errand in ERRANDS:
        task = run.task(errand)
        made = task.state is State.SUCCEEDED
        result = ", ".join(str(path) for path in errand.files) if made else f"{_money(task.price)} refunded"
        table.add_row(
            errand.name,
            f"{task.dialect} → {task.upstream}",
            task.learnt,
            f"{errand.seconds:.1f}",
            f"{_money(task.price)}" if made else "¥0.00",
            "signed" if run.told(errand) else "[red]no[/]",
            result,
        )
    return table


def _money(nanos: int) -> str:
    return f"¥{nanos / NANOS:.2f}"
