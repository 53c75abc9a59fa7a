"""python -m benchmarks: measure everything, print it, and rewrite docs/numbers.md and the README's few lines."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

from rich.console import Console

from benchmarks import (
    copy_servers,
    copying,
    endpoints,
    imports,
    paths,
    poll_lag,
    report,
    report_rows,
    served,
    uploading,
)
from benchmarks.cloud import ROOT, child_process, embedded_cloud, run_in_child
from benchmarks.costs import Archived, Template
from benchmarks.lines import rounds, used
from benchmarks.lines.gateways import OURS_NAME, litellm, portkey, simulated_upstream
from benchmarks.lines.ours import relay
from benchmarks.lines.rows import chat_of, compared_rows, cost_rows
from benchmarks.report_rows import Row

UPSTREAM_SECONDS, SLOWER = 0.05, (0.3, 0.6)
SERVED = 1_000
LAGS = ((10, 0), (1_000, 0), (10, 10), (1_000, 10))  # tasks, and the seconds their due times are spread over
RESULTS = (1 << 20, 5 << 20)  # bytes of one archived result
BACKLOG = (10_000, 0)
Now = Callable[[str], None]  # shows what is being measured


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--backlog", action="store_true", help="also 10,000 tasks due at once; takes minutes more")
    parser.add_argument("--keep", action="store_true", help="only print")
    options = parser.parse_args()
    console, started = Console(), time.monotonic()
    measured = _measured(console, (*LAGS, BACKLOG) if options.backlog else LAGS)
    report.show(console, measured)
    if not options.keep:
        report.write(ROOT / "docs/numbers.md", ROOT / "README.md", measured)
    console.print(f"took {time.monotonic() - started:.0f} s", style="dim")


def _measured(console: Console, lags: tuple[tuple[int, int], ...]) -> list[Row]:
    with console.status("") as status:

        def now(what: str) -> None:
            status.update(what)
            if not console.is_terminal:
                console.print(what)

        template = Template.read()
        cpu, uploads = _cpu(now)
        paths_and_lags = list(_paths(now, lags, template))
        copies = list(_copies(now, template))
        chats = list(_chats(now, template))
        now(f"a served stack, {SERVED:,} tasks …")
        stack = run_in_child({}, served.measure, SERVED)
    return [*cpu, *paths_and_lags, *copies, *uploads, *chats, *report_rows.served_rows(stack)]


def _cpu(now: Now) -> tuple[list[Row], list[Row]]:
    """Rows of warm requests, and rows of uploads."""
    with embedded_cloud(0.0) as environment:
        now("CPU of submit, status and callback beside bare boto3 …")
        compared = run_in_child(environment, endpoints.measure)
        now("CPU of uploads …")
        uploaded = run_in_child(environment, uploading.measure)
    return list(report_rows.endpoint_rows(compared)), list(report_rows.upload_rows(uploaded))


def _paths(now: Now, lags: tuple[tuple[int, int], ...], template: Template) -> Iterator[Row]:
    """Cold starts, what every path uses and costs, and poll lag."""
    with embedded_cloud(UPSTREAM_SECONDS) as environment:
        now("cold starts …")
        started = imports.measure(environment)
        yield from report_rows.cold_start_rows(started, imports.uncompiled("submit", environment))
        now("calls and capacity of every path …")
        measured = run_in_child(environment, paths.measure)
        found = []
        for tasks, spread in lags:
            now(f"poll lag, {tasks:,} tasks …")
            found.append(run_in_child({**environment, "DUE_SHARDS": "1"}, poll_lag.measure, tasks, spread))
    speeds = {UPSTREAM_SECONDS: {each.name: measured.paths[each.name] for each in paths.COMPARED}}
    for seconds in SLOWER:
        now(f"the same with upstreams that answer in {seconds * 1000:.0f} ms …")
        with embedded_cloud(seconds) as environment:
            speeds[seconds] = run_in_child(environment, paths.compared_paths)
    yield from report_rows.dollar_rows(speeds, template)
    yield from report_rows.path_rows(measured, template)
    yield from report_rows.fixed_cost_rows(measured, started, template)
    yield from report_rows.row_size_rows(measured)
    yield from report_rows.lag_rows(found)


def _copies(now: Now, template: Template) -> Iterator[Row]:
    with child_process(copy_servers.serve_results) as results, child_process(copy_servers.serve_sink) as sink:
        now("copying results …")
        copied = copying.measure(results, sink)
        now("what archiving adds …")
        archived = [_archived(size, f"{results}/{size}.png") for size in RESULTS]
    yield from report_rows.archiving_rows(archived, template)
    yield from report_rows.copy_rows(copied)


def _chats(now: Now, template: Template) -> Iterator[Row]:
    now("chats through one process, beside other gateways …")
    compared = rounds.measure((litellm, portkey, relay))
    yield from compared_rows(compared)
    now("what a chat reads and writes …")
    with simulated_upstream() as upstream:
        alone, shared = used.measure(upstream)
    yield from cost_rows(chat_of(compared.gateways[OURS_NAME], alone, shared, template.memory["stream"]))


def _archived(size: int, result: str) -> Archived:
    with embedded_cloud(UPSTREAM_SECONDS, result) as environment:
        on = {**environment, "ARCHIVE": "on"}
        return Archived(
            size,
            run_in_child(on, paths.callback_path),
            run_in_child(environment, paths.callback_path),
            run_in_child(on, paths.result_download),
        )


if __name__ == "__main__":
    main()
