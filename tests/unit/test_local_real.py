"""A real provider's key on one machine: which upstreams become real, and how their outcomes are learnt."""

from __future__ import annotations

from pathlib import Path

from local.serve import real_keys
from relay.edge.wiring import catalog


def test_a_key_in_the_env_file_makes_its_upstream_the_real_one(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("# keys\nKIE_API_KEY = sk-EXAMPLE\nOTHER_API_KEY=sk-EXAMPLE-other\nAISTUDIO_API_KEY=\n")
    assert real_keys(env) == {"kie": "sk-EXAMPLE"}


def test_without_an_env_file_every_upstream_is_simulated(tmp_path: Path) -> None:
    assert real_keys(tmp_path / ".env") == {}


def test_an_upstream_that_cannot_call_back_is_asked_within_seconds() -> None:
    usual, alone = catalog(), catalog().out_of_reach({"kie"})
    assert usual.upstreams["kie"].poll.delay(0) == 60
    assert alone.upstreams["kie"].poll.delay(0) <= 5
    assert alone.upstreams["aistudio"] == usual.upstreams["aistudio"]
