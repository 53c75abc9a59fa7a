"""Reading secrets: all a function uses in one request, once per container however many threads ask."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from relay.effects.secret_store import Secrets, listed

STORED = {"/x/key-pepper": "pepper", "/x/media-secret": "media", "/x/upstreams/kie/key": "sk-EXAMPLE"}


class Ssm:
    """SSM as far as it is used, and the requests it had."""

    def __init__(self) -> None:
        self.requests: list[list[str]] = []
        self.answering = threading.Event()
        self.answering.set()

    def get_parameters(self, Names: list[str], WithDecryption: bool) -> dict[str, Any]:  # noqa: N803
        assert WithDecryption
        self.requests.append(Names)
        self.answering.wait(5)
        return {"Parameters": [{"Name": name, "Value": STORED[name]} for name in Names if name in STORED]}


@pytest.fixture
def ssm() -> Ssm:
    return Ssm()


def secrets(ssm: Ssm, *names: str) -> Secrets:
    client: Any = ssm
    return Secrets(lambda: client, "/x", names)


def test_all_that_a_function_uses_comes_in_one_request(ssm: Ssm) -> None:
    found = secrets(ssm, "key-pepper", "media-secret", "upstreams/aistudio/key")
    assert [found.need("media-secret"), found.need("key-pepper")] == ["media", "pepper"]
    assert found.find("upstreams/aistudio/key") is None  # a missing one is remembered as missing
    assert len(ssm.requests) == 1


def test_threads_that_start_together_wait_for_one_request(ssm: Ssm) -> None:
    found, heard = secrets(ssm, "key-pepper"), list[str]()
    ssm.answering.clear()
    threads = [threading.Thread(target=lambda: heard.append(found.need("key-pepper"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    ssm.answering.set()
    for thread in threads:
        thread.join()
    assert heard == ["pepper"] * 8
    assert len(ssm.requests) == 1


def test_more_than_ssm_takes_at_once_is_asked_for_in_parts(ssm: Ssm) -> None:
    found = secrets(ssm, *(f"upstreams/u{number}/key" for number in range(21)), "key-pepper")
    assert found.need("key-pepper") == "pepper"
    assert [len(names) for names in ssm.requests] == [10, 10, 2]


def test_a_missing_secret_says_how_to_make_it(ssm: Ssm) -> None:
    with pytest.raises(LookupError, match="/x/callback-secret; create it"):
        secrets(ssm).need("callback-secret")


def test_a_functions_variable_spells_out_its_names() -> None:
    assert listed("callback-secret,upstreams", ["kie"]) == (
        *("callback-secret", "upstreams/kie/key", "upstreams/kie/webhook-key"),
    )
    assert listed("", ["kie"]) == ()
