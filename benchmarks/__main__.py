"""python -m benchmarks: measure everything, print it, and rewrite docs/numbers.md and the README's few lines."""

from __future__ import annotations

import argparse
import time

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
from benchmarks.report_rows import Row

UPSTREAM_SECONDS, SLOWER = 0.05, (0.3, 0.6)
SERVED = 1_000
LAGS = ((10, 0), (1_000, 0), (10, 10), (1_000, 10))  # tasks, and the seconds their due times are spread over
RESULTS = (1 << 20, 5 << 20)  # bytes of one archived result
BACKLOG = (10_000, 0)


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

        now("CPU of submit, status and callback beside bare boto3 …")
        with embedded_cloud(0.0) as environment:
            compared = run_in_child(environment, endpoints.measure)
            now("CPU of uploads …")
            uploaded = run_in_child(environment, uploading.measure)
        with embedded_cloud(UPSTREAM_SECONDS) as environment:
            now("cold starts …")
            started = imports.measure(environment)
            uncompiled = imports.uncompiled("submit", environment)
            now("calls and capacity of every path …")
            measured_paths = run_in_child(environment, paths.measure)
            found = []
            for tasks, spread in lags:
                now(f"poll lag, {tasks:,} tasks …")
                found.append(run_in_child({**environment, "DUE_SHARDS": "1"}, poll_lag.measure, tasks, spread))
        speeds = {UPSTREAM_SECONDS: {each.name: measured_paths.paths[each.name] for each in paths.COMPARED}}
        for seconds in SLOWER:
            now(f"the same with upstreams that answer in {seconds * 1000:.0f} ms …")
            with embedded_cloud(seconds) as environment:
                speeds[seconds] = run_in_child(environment, paths.compared_paths)
        with child_process(copy_servers.serve_results) as results, child_process(copy_servers.serve_sink) as sink:
            now("copying results …")
            copied = copying.measure(results, sink)
            now("what archiving adds …")
            archived = [_archived(size, f"{results}/{size}.png") for size in RESULTS]
        now(f"a served stack, {SERVED:,} tasks …")
        served_stack = run_in_child({}, served.measure, SERVED)
    template = Template.read()
    return [
        *report_rows.endpoint_rows(compared),
        *report_rows.cold_start_rows(started, uncompiled),
        *report_rows.dollar_rows(speeds, template),
        *report_rows.path_rows(measured_paths, template),
        *report_rows.fixed_cost_rows(measured_paths, started, template),
        *report_rows.archiving_rows(archived, template),
        *report_rows.copy_rows(copied),
        *report_rows.upload_rows(uploaded),
        *report_rows.row_size_rows(measured_paths),
        *report_rows.lag_rows(found),
        *report_rows.served_rows(served_stack),
    ]


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
