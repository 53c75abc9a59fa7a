"""python -m benchmarks.login: whether the time of a failed login tells who has a login here.

The real function answers in this process, over an embedded cloud in another: half of the logins have a wrong password,
half an address that nobody has, in random order, each from a source of its own, so that no limit of tries is met.
"""

from __future__ import annotations

import importlib
import random
import sys
import time
from collections.abc import Sequence
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

from benchmarks import events
from benchmarks.cloud import FUNCTIONS, embedded_cloud, run_in_child
from benchmarks.events import Context
from benchmarks.handlers import OutputCounter
from benchmarks.ranks import compare, seen_from

WARM, TIMES, DEVELOPERS = 40, 500, 50
KNOWN, UNKNOWN = "known", "other"  # words of one length
STEP = 0.01  # ms
Spent = dict[str, list[tuple[float, float]]]  # milliseconds of the clock and of this process's CPU


def measure() -> Spent:
    """Failed logins of both sorts, in the environment of `embedded_cloud`."""
    sys.stdout = OutputCounter()
    sys.path.insert(0, str(FUNCTIONS))
    handler = importlib.import_module("developers").lambda_handler
    _register()
    spent: Spent = {KNOWN: [], UNKNOWN: []}
    order = [word for word in spent for _ in range(TIMES + WARM)]
    random.shuffle(order)
    for number, word in enumerate(order):
        body = {"email": f"{word}-{number % DEVELOPERS:03}@example.com", "password": f"wrong password {number:04}"}
        event = events.login(body, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        began, used = time.perf_counter(), time.process_time()
        answer = handler(event, Context())
        took = (time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000
        if answer["statusCode"] != 401:
            raise RuntimeError(answer["body"])
        spent[word].append(took)
    return {word: each[WARM:] for word, each in spent.items()}


def _register() -> None:
    """The developers that are known, all with one hash: no login here succeeds."""
    from relay.edge.operations.developers import PASSWORDS  # noqa: PLC0415 - it takes its settings when it is imported
    from relay.edge.wiring import services  # noqa: PLC0415
    from relay.effects.store.logins import DeveloperRow  # noqa: PLC0415

    kept = PASSWORDS.hash("the right password")
    for number in range(DEVELOPERS):
        row = DeveloperRow(f"{number:010x}", f"{KNOWN}-{number:03}@example.com", "Ann", "", 0)
        services().store.logins.register(row, kept, 1)


def _row(table: Table, what: str, known: Sequence[float], unknown: Sequence[float]) -> None:
    ranked = compare(known, unknown)
    shown = [f"{median(each):.2f} ({_middle_half(each)})" for each in (known, unknown)]
    seen = f"{seen_from(known, unknown, STEP) * 1000:.0f} µs"
    table.add_row(what, *shown, f"{ranked.greater:.3f}", f"{ranked.p:.3f}", seen)


def _middle_half(sample: Sequence[float]) -> str:
    low, _, high = quantiles(sample, n=4)
    return f"{low:.2f}–{high:.2f}"


def main() -> None:
    with embedded_cloud(0.0) as environment:
        spent = run_in_child(environment, measure)
    table = Table(
        "ms", "a wrong password", "an address of nobody", "P(later)", "p", "would show from", title=f"{TIMES} each"
    )
    for number, what in enumerate(("of the clock", "of the function's CPU")):
        _row(table, what, *([each[number] for each in spent[word]] for word in (KNOWN, UNKNOWN)))
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
