"""Operator commands for keys and secrets: a leaked key can be revoked; nothing is replaced without a yes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.__main__ import main
from relay.effects.store.logins import DeveloperRow
from relay.flow.services import UPSTREAMS_ON
from relay.nouns.signing import key_digest
from tests.functional.operator_prompt import KMS_KEY, Operator, operator


@pytest.fixture
def ops(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    with operator(capsys, monkeypatch) as made:
        made.succeeds("secrets-init")
        yield made


def opens(ops: Operator, api_key: str) -> bool:
    """Whether the relay accepts this key."""
    digest = key_digest(ops.deployment.secret("key-pepper").encode(), api_key)
    row = ops.deployment.store.keys.find(digest)
    return row is not None and row.status == "active"


def test_a_first_key_is_revoked_by_the_id_that_was_printed(ops: Operator) -> None:
    made = ops.opens_account()
    assert opens(ops, made["API key"])
    ops.succeeds("key-revoke", made["account"], made["key id"])
    assert not opens(ops, made["API key"])


def test_a_leaked_key_is_revoked_by_itself_without_its_account(ops: Operator) -> None:
    made = ops.opens_account()
    said = ops.succeeds("key-revoke", made["API key"])
    assert made["key id"] in said
    assert made["account"] in said
    assert not opens(ops, made["API key"])


def test_a_key_of_another_account_is_left_alone(ops: Operator) -> None:
    mine, other = ops.opens_account(), ops.opens_account()
    for key in (other["API key"], other["key id"]):
        said = ops.refuses(1, "key-revoke", mine["account"], key)
        assert f"account {mine['account']} has no such key" in said
        assert other["API key"] not in said
    assert opens(ops, other["API key"])


def test_a_key_id_needs_its_account(ops: Operator) -> None:
    assert "a key id needs its account" in ops.refuses(1, "key-revoke", ops.opens_account()["key id"])


def test_keys_are_listed_with_beginning_state_and_date(ops: Operator) -> None:
    made = ops.opens_account()
    ops.succeeds("key-create", made["account"])
    ops.succeeds("key-revoke", made["account"], made["key id"])
    _, _, *rows = ops.succeeds("key-list", made["account"]).splitlines()
    assert len(rows) == 2
    (revoked,) = [row for row in rows if row.split()[0] == made["key id"]]
    assert f"{made['API key'][:7]}…" in revoked
    assert made["API key"] not in revoked
    assert re.search(r"revoked +20\d\d-\d\d-\d\d \d\d:\d\d UTC +20\d\d-\d\d-\d\d \d\d:\d\d UTC", revoked)
    assert [row.split()[2] for row in rows if row != revoked] == ["active"]


def test_the_keys_of_nobody_are_no_empty_list(ops: Operator) -> None:
    assert "no account nobody" in ops.refuses(1, "key-list", "nobody")


# --- secrets --------------------------------------------------------------------------------------------------------


def test_a_secret_nothing_reads_is_refused_with_the_names_there_are(ops: Operator) -> None:
    said = ops.refuses(1, "secrets-set", "upstreams/kei/key", typed="value\n")
    assert "'upstreams/kei/key'" in said
    there = set(said.strip().partition("there are: ")[2].split(", "))
    assert {"upstreams/kie/key", "upstreams/kie/webhook-key", "upstreams/newapi/webhook-key"} <= there
    unsigned = {f"upstreams/{name}/webhook-key" for name in ("aistudio", "midjourney", "kling")}
    assert not unsigned & there  # they do not call back, or not with a signature


@pytest.mark.parametrize("name", ["key-pepper", "callback-secret", "webhook-master", "media-secret"])
def test_what_everything_hangs_on_is_not_replaced_unasked(ops: Operator, name: str) -> None:
    before = ops.deployment.secret(name)
    assert "--yes" in ops.refuses(1, "secrets-set", name, typed="another\n")
    assert ops.deployment.secret(name) == before
    ops.succeeds("secrets-set", name, "--yes", typed="another\n")
    assert ops.deployment.secret(name) == "another"


def test_a_person_is_told_what_breaks_and_may_think_again(ops: Operator) -> None:
    before = ops.deployment.secret("key-pepper")
    said = ops.run("secrets-set", "key-pepper", typed="no\n", person=True)
    assert said.code == 1
    assert "every API key stops working" in said.out
    assert "nothing was changed" in said.err
    assert ops.deployment.secret("key-pepper") == before


def test_an_upstreams_key_is_renewed_without_a_question(ops: Operator) -> None:
    for value in ("first", "second"):
        ops.succeeds("secrets-set", "upstreams/kie/key", typed=f"{value}\n")
    assert ops.deployment.secret("upstreams/kie/key") == "second"


def test_what_payments_by_card_need_can_be_set(ops: Operator) -> None:
    for name in ("stripe-key", "stripe-webhook-secret"):
        ops.succeeds("secrets-set", name, typed=f"EXAMPLE {name}\n")
        assert ops.deployment.secret(name) == f"EXAMPLE {name}"


def test_an_empty_secret_is_none(ops: Operator) -> None:
    assert "no value given" in ops.refuses(1, "secrets-set", "upstreams/kie/key", typed="\n")


def test_the_upstreams_that_have_a_key_are_listed_for_who_may_read_none(ops: Operator) -> None:
    assert ops.deployment.find_secret(UPSTREAMS_ON) == "[]"

    ops.succeeds("secrets-set", "upstreams/kie/key", typed="value\n")
    assert ops.deployment.find_secret(UPSTREAMS_ON) == '["kie"]'

    ops.succeeds("secrets-set", "upstreams/aistudio/key", typed="value\n")
    ops.deployment.ssm.delete_parameter(Name="/genrelay/test/upstreams/kie/key")
    ops.succeeds("secrets-init")
    assert ops.deployment.find_secret(UPSTREAMS_ON) == '["aistudio"]'


def test_secrets_are_encrypted_with_the_customers_key(ops: Operator) -> None:
    ops.succeeds("secrets-set", "upstreams/kie/key", typed="value\n")
    found = ops.deployment.ssm.describe_parameters()["Parameters"]
    assert len(found) == 7
    assert {(each["Type"], each["KeyId"]) for each in found} == {("SecureString", KMS_KEY)}


# --- the command line -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [(), ("--local", "--stack", "genrelay-test")])
def test_no_deployment_is_meant_unless_it_is_named(ops: Operator, where: tuple[str, ...]) -> None:
    said = ops.refuses(2, "account-show", "acc1", where=where)
    assert "--local, or --stack NAME" in said


def test_the_deployment_may_be_named_behind_the_command(ops: Operator) -> None:
    made = ops.opens_account()
    said = ops.run("account-show", made["account"], "--stack", "genrelay-test", where=())
    assert "a customer" in said.out


@pytest.mark.parametrize("ready", [None, '{"outputs": {}, "aws": {"endpoint_url": "http://127.0.0.1:9"}}'])
def test_where_nothing_runs_here_it_says_how_to_start_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ready: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    if ready:
        aws = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
        told = json.loads(ready)
        told["aws"] |= aws
        (tmp_path / ".local").mkdir()
        (tmp_path / ".local/ready.json").write_text(json.dumps(told))
    assert main(["--local", "secrets-init"]) == 1
    printed = capsys.readouterr()
    assert "make serve" in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb"])
def test_an_account_has_a_name(ops: Operator, name: str) -> None:
    assert "argument name" in ops.refuses(2, "account-create", name)


def test_a_name_is_shown_as_it_was_given(ops: Operator) -> None:
    made = ops.opens_account("[red]Studio[/] [7]")
    assert "[red]Studio[/] [7]" in ops.succeeds("account-show", made["account"])


@pytest.mark.parametrize("words", [("account-create", "x", "--tier", "9"), ("account-tier", "{account}", "9")])
def test_an_unknown_tier_is_refused_with_those_there_are(ops: Operator, words: tuple[str, ...]) -> None:
    account = ops.opens_account()["account"]
    assert "there are: 1, 2, 3" in ops.refuses(1, *(word.format(account=account) for word in words))


def test_an_accounts_hooks_are_added_listed_and_taken_away(ops: Operator) -> None:
    account, address = ops.opens_account()["account"], "https://client.example/hook"
    assert ops.succeeds("hook-list", account) == "none\n"
    for number in range(3):
        ops.succeeds("hook-add", account, f"{address}/{number}")
    assert ops.succeeds("hook-list", account).split() == [f"{address}/{number}" for number in range(3)]
    assert "has 3 hooks" in ops.refuses(1, "hook-add", account, f"{address}/3")
    assert "is told already" in ops.refuses(1, "hook-add", account, f"{address}/1")
    for wrong in ("http://client.example", "https://a:b@client.example", "client", "https://"):
        assert "is no address" in ops.refuses(2, "hook-add", account, wrong)
    ops.succeeds("hook-remove", account, f"{address}/1")
    assert "is no hook of this account" in ops.refuses(1, "hook-remove", account, f"{address}/1")
    assert ops.succeeds("hook-list", account).split() == [f"{address}/0", f"{address}/2"]
    assert "no account nobody" in ops.refuses(1, "hook-add", "nobody", address)
    acts = [line.split()[-2:] for line in ops.succeeds("act-list", account).splitlines()]
    assert acts[0] == ["hook-remove", f"{address}/1"]
    assert len(acts) == 4


def test_the_key_of_access_tokens_is_replaced_and_the_one_before_is_kept(ops: Operator) -> None:
    first = ops.deployment.secret("session-key")
    ops.succeeds("session-rotate")
    second = ops.deployment.secret("session-key")
    assert (ops.deployment.secret("session-key-previous"), len({first, second})) == (first, 2)
    ops.succeeds("session-rotate")
    assert ops.deployment.secret("session-key-previous") == second
    assert ops.deployment.secret("session-key") not in (first, second)


def test_an_account_that_a_developer_opened_says_whose_it_is(ops: Operator) -> None:
    row = DeveloperRow("0a1b2c3d4e", "ann@example.com", "Ann [Lee]", "", 0)
    ops.deployment.store.logins.register(row, "a hash", 1)
    assert "ann@example.com" in ops.succeeds("account-show", "0a1b2c3d4e")
