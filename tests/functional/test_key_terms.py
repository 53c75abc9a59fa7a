"""What an API key may do holds in every family: its dialects, its models, reading only, and its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.flow.access import REMEMBERED
from relay.flow.accounts import Accounts
from relay.nouns.account_errors import KeyShown, NoSuchKey, TooManyKeys
from relay.nouns.keys import KeyKind, KeyRequest, KeyStatus, KeyTerms, NewKey
from tests.functional.harness import Harness, harness
from tests.functional.refusals import stored_state

IMAGE = ("POST", "/api/kling/images", {"prompt": "a cat"})
KIE_IMAGE = ("POST", "/api/v1/gpt4o-image/generate", {"prompt": "a cat", "size": "1:1"})
VIDEO = ("POST", "/v1/videos", {"prompt": "a cat", "model": "sora-2"})
BALANCE = ("POST", "/api/account/balance", None)
CREDIT = ("GET", "/api/v1/chat/credit", None)
MODELS = ("GET", "/v1/models", None)
DAY = 86_400_000


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        made.switch_on("kie", "aistudio", "newapi")
        yield made


def key_for(here: Harness, terms: KeyTerms, **how: Any) -> NewKey:
    return Accounts.of(here.services).add_key(here.account_id, KeyRequest("a key", terms), **how)


def status(here: Harness, request: tuple[str, str, object], key: str) -> int:
    return here.request(*request, key=key)[0]


def forbidden(here: Harness, request: tuple[str, str, object], key: str) -> bool:
    """Whether a request is refused as what its key may not do, in its family's words; KIE has no status but 401."""
    code, document = here.request(*request, key=key)
    return code in (401, 403) and re.search("key may (only|not)|该密钥(无权|仅可)", str(document)) is not None


def test_a_key_speaks_only_the_dialects_it_is_for(here: Harness) -> None:
    key = key_for(here, KeyTerms(dialects=("kie",))).api_key
    assert [status(here, each, key) for each in (KIE_IMAGE, CREDIT)] == [200, 200]
    assert all(forbidden(here, each, key) for each in (VIDEO, MODELS, IMAGE))


def test_a_key_asks_only_for_the_models_it_is_for(here: Harness) -> None:
    key = key_for(here, KeyTerms(models=("sora-2",))).api_key
    before = stored_state(here)
    assert all(forbidden(here, each, key) for each in (IMAGE, KIE_IMAGE))
    assert stored_state(here) == before
    assert status(here, VIDEO, key) == 200
    listed = here.request(*MODELS, key=key)[1]["data"]
    assert {each["id"] for each in listed} == {"sora-2"}


def test_a_key_that_only_reads_creates_nothing_in_any_family(here: Harness) -> None:
    key = key_for(here, KeyTerms(read_only=True)).api_key
    before = stored_state(here)
    assert all(forbidden(here, each, key) for each in (IMAGE, KIE_IMAGE, VIDEO))
    assert stored_state(here) == before
    assert [status(here, each, key) for each in (BALANCE, CREDIT, MODELS)] == [200, 200, 200]


def test_a_key_ends_at_its_instant_also_where_it_is_remembered(here: Harness) -> None:
    key = key_for(here, KeyTerms(expires_at=here.now[0] + 1000)).api_key
    assert status(here, MODELS, key) == 200
    here.now[0] += 999
    assert status(here, MODELS, key) == 200
    here.now[0] += 1
    assert status(here, MODELS, key) == 401


def test_a_revoked_key_works_for_a_minute_at_most(here: Harness) -> None:
    made = key_for(here, KeyTerms())
    assert status(here, MODELS, made.api_key) == 200
    Accounts.of(here.services).revoke_key(here.account_id, made.listed.key_id)
    here.now[0] += REMEMBERED + 1
    assert status(here, MODELS, made.api_key) == 401


def test_an_access_token_is_no_api_key(here: Harness) -> None:
    key = key_for(here, KeyTerms(), kind=KeyKind.ACCESS).api_key
    assert status(here, MODELS, key) == 401


def test_a_key_is_issued_once(here: Harness) -> None:
    accounts = Accounts.of(here.services)
    made = key_for(here, KeyTerms(), issued=False)
    assert made.api_key == ""
    key = accounts.issue_key(here.account_id, made.listed.key_id)
    assert status(here, MODELS, key) == 200
    with pytest.raises(KeyShown):
        accounts.issue_key(here.account_id, made.listed.key_id)


def test_an_account_has_no_more_keys_than_it_may_and_a_revoked_one_makes_space(here: Harness) -> None:
    accounts = Accounts.of(here.services)
    first = key_for(here, KeyTerms(), most=2)  # beside the one of the harness
    with pytest.raises(TooManyKeys):
        key_for(here, KeyTerms(), most=2)
    for _ in range(2):  # revoking it again makes no more space
        accounts.revoke_key(here.account_id, first.listed.key_id)
    key_for(here, KeyTerms(), most=2)
    with pytest.raises(TooManyKeys):
        key_for(here, KeyTerms(), most=2)


def test_a_key_of_another_account_cannot_be_read_changed_or_revoked(here: Harness) -> None:
    accounts = Accounts.of(here.services)
    made, stranger = key_for(here, KeyTerms()), accounts.open("stranger", 1)
    for act in (accounts.key, accounts.revoke_key, accounts.issue_key):
        with pytest.raises(NoSuchKey):
            act(stranger, made.listed.key_id)
    with pytest.raises(NoSuchKey):
        accounts.change_key(stranger, made.listed.key_id, lambda key: replace(key, status=KeyStatus.DISABLED))
    assert status(here, MODELS, made.api_key) == 200


def test_what_is_changed_in_a_key_holds_where_it_is_used_and_where_it_is_listed(here: Harness) -> None:
    accounts = Accounts.of(here.services)
    made = key_for(here, KeyTerms())
    terms = KeyTerms(dialects=("kie",), models=("gpt4o-image",), per_minute=5, expires_at=here.now[0] + DAY)
    accounts.change_key(here.account_id, made.listed.key_id, lambda key: replace(key, name="renamed", terms=terms))
    listed = accounts.key(here.account_id, made.listed.key_id)
    assert (listed.name, listed.terms) == ("renamed", terms)
    assert accounts.find_key(made.api_key).terms == terms
    accounts.change_key(here.account_id, made.listed.key_id, lambda key: replace(key, status=KeyStatus.DISABLED))
    assert status(here, CREDIT, made.api_key) == 401
    accounts.change_key(here.account_id, made.listed.key_id, lambda key: replace(key, status=KeyStatus.ACTIVE))
    assert status(here, CREDIT, made.api_key) == 200


def test_a_keys_last_use_is_listed_a_minute_late_at_most(here: Harness) -> None:
    accounts, made = Accounts.of(here.services), key_for(here, KeyTerms())
    assert accounts.key(here.account_id, made.listed.key_id).last_used_at == 0
    for step in (0, REMEMBERED + 1):
        here.now[0] += step
        status(here, MODELS, made.api_key)
        assert accounts.key(here.account_id, made.listed.key_id).last_used_at == here.now[0]
