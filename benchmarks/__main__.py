"""python -m benchmarks: measure everything, print it, and rewrite docs/numbers.md and the README's few lines."""

from __future__ import annotations

import argparse
import time

from rich.console import Console

from benchmarks import copying, endpoints, ends, imports, lag, paths, report, rows, served, uploading
from benchmarks.costs import Archived, Template
from benchmarks.ground import ROOT, apart, ground, running
from benchmarks.rows import Row

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
        with ground(0.0) as environment:
            compared = apart(environment, endpoints.measure)
            now("CPU of uploads …")
            uploaded = apart(environment, uploading.measure)
        with ground(UPSTREAM_SECONDS) as environment:
            now("cold starts …")
            started = imports.measure(environment)
            uncompiled = imports.uncompiled("submit", environment)
            now("calls and capacity of every path …")
            walked = apart(environment, paths.measure)
            found = []
            for tasks, spread in lags:
                now(f"poll lag, {tasks:,} tasks …")
                found.append(apart({**environment, "DUE_SHARDS": "1"}, lag.measure, tasks, spread))
        speeds = {UPSTREAM_SECONDS: {each.name: walked.paths[each.name] for each in paths.COMPARED}}
        for seconds in SLOWER:
            now(f"the same with upstreams that answer in {seconds * 1000:.0f} ms …")
            with ground(seconds) as environment:
                speeds[seconds] = apart(environment, paths.compared)
        with running(ends.serve_results) as results, running(ends.serve_sink) as sink:
            now("copying results …")
            copied = copying.measure(results, sink)
            now("what archiving adds …")
            archived = [_archived(size, f"{results}/{size}.png") for size in RESULTS]
        now(f"a served stack, {SERVED:,} tasks …")
        stood = apart({}, served.measure, SERVED)
    template = Template.read()
    return [
        *rows.of_endpoints(compared),
        *rows.of_imports(started, uncompiled),
        *rows.of_speeds(speeds, template),
        *rows.of_paths(walked, template),
        *rows.of_standing(walked, started, template),
        *rows.of_archiving(archived, template),
        *rows.of_copies(copied),
        *rows.of_uploads(uploaded),
        *rows.of_rows(walked),
        *rows.of_lags(found),
        *rows.of_served(stood),
    ]


def _archived(size: int, result: str) -> Archived:
    with ground(UPSTREAM_SECONDS, result) as environment:
        on = {**environment, "ARCHIVE": "on"}
        return Archived(
            size, apart(on, paths.called_back), apart(environment, paths.called_back), apart(on, paths.fetched)
        )


if __name__ == "__main__":
    main()
