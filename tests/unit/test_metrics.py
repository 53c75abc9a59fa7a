"""A count is written under the service alone, where the alarms look, and once more under its upstream."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from relay.edge.shell import handler
from relay.effects.metrics import count


def written(output: str) -> dict[tuple[str | None, ...], list[float]]:
    """The values of each metric by its name, the names of its dimensions and the upstream."""
    return {
        (metric["Name"], *sorted(dimensions), line.get("upstream")): line[metric["Name"]]
        for line in (json.loads(line) for line in output.splitlines() if '"_aws"' in line)
        for group in line["_aws"]["CloudWatchMetrics"]
        for metric in group["Metrics"]
        for dimensions in group["Dimensions"]
    }


def test_a_count_of_an_upstream_is_written_with_and_without_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "genrelay")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "genrelay")

    def work(event: dict[str, Any], context: Any) -> None:
        count("LateSuccess", upstream="kie")
        count("LateSuccess", upstream="kie")
        count("LateSuccess", upstream="aistudio")
        count("Delivered")

    names = ("function_name", "memory_limit_in_mb", "invoked_function_arn", "aws_request_id")
    context: Any = SimpleNamespace(**dict.fromkeys(names, "1"))
    handler(work)({}, context)
    handler(lambda event, context: None)({}, context)  # the next invocation writes none of it again

    assert written(capsys.readouterr().out) == {
        ("LateSuccess", "service", None): [1.0, 1.0, 1.0],
        ("Delivered", "service", None): [1.0],
        ("LateSuccess", "service", "upstream", "kie"): [2.0],
        ("LateSuccess", "service", "upstream", "aistudio"): [1.0],
    }
