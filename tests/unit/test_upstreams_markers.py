"""Faults are told by plan, rule, marker or chance, in that order, and a seed means the same day again."""

from __future__ import annotations

from local.upstreams import FAULTS
from local.upstreams.fault_table import Endpoint
from local.upstreams.faults import Fault, Faults, Visit

API = "gpt4o-image"


def visit(prompt: str, number: int = 0, endpoint: Endpoint = "submit") -> Visit:
    return Visit("kie", endpoint, API, prompt, number=number)


def test_planned_faults_come_once_each_then_rules_then_markers() -> None:
    faults = Faults()
    faults.plan("submit", ["empty", None])
    faults.plan("submit", lambda seen: "drop" if seen.number == 0 else None)
    prompt = "[[submit:http-500=1]][[submit:http-502=1]]"
    assert faults.at(visit(prompt)) == Fault("empty")
    assert faults.at(visit("plain", 5)) is None
    assert faults.at(visit("plain")) == Fault("drop")
    faults.clear()
    struck = [faults.at(visit(prompt, number)) for number in range(3)]
    assert struck == [Fault("http-500", 1), Fault("http-502", 1), None]


def test_chaos_is_the_same_for_the_same_seed_and_near_its_odds() -> None:
    def day(seed: int) -> list[str]:
        faults = Faults()
        faults.chaos(seed, {"callback": {"lost": 0.2, "duplicate=2": 0.1}})
        return [getattr(faults.at(visit(f"p{n}", endpoint="callback")), "name", "") for n in range(500)]

    assert day(1) == day(1) != day(2)
    assert 70 < day(1).count("lost") < 130
    assert 25 < day(1).count("duplicate") < 80


def test_every_fault_of_every_endpoint_can_be_read() -> None:
    for endpoint, names in FAULTS.items():
        for name in names:
            assert Fault.read(endpoint, f"{name}=2") == Fault(name, 2.0)
