"""The line that `make coverage` ends with."""

from __future__ import annotations

from tests.covered import COLUMNS, line


def report(**percents: float) -> dict[str, object]:
    files = {
        f"layers/relay/python/relay/flow/{name}.py": {"summary": {"num_statements": 20, "percent_covered": percent}}
        for name, percent in percents.items()
    }
    return {"totals": {"percent_covered": 97.25}, "files": files}


def test_the_least_covered_come_first() -> None:
    assert line(report(observe=99.6, archive=81.2)) == (
        "97.2 % of relay covered; least: flow/archive 81 %, flow/observe 100 %"
    )


def test_the_line_is_never_longer_than_a_terminal_is_wide() -> None:
    many = report(**{f"module_{number}": float(number) for number in range(50)})
    assert 60 < len(line(many)) <= COLUMNS


def test_a_module_of_few_statements_is_left_out() -> None:
    small = {"flow/tiny.py": {"summary": {"num_statements": 9, "percent_covered": 0.0}}}
    assert line({"totals": {"percent_covered": 90.0}, "files": small}) == "90.0 % of relay covered; least:"
