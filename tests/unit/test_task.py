"""The life of a task: the table of moves, and what holds whatever is observed in whatever order."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.nouns.draft import KINDS, Kind
from relay.nouns.faults import Fault
from relay.nouns.ids import uuid7
from relay.nouns.life import EXTRAS, LEGAL, MAX_FACTS, TOO_MUCH_TEXT, advance
from relay.nouns.money import Entry, EntryKind, reserve, settle
from relay.nouns.task import (
    BY_ARCHIVE,
    BY_CLOCK,
    FAULTS,
    GRACE,
    STATUS,
    TERMINAL,
    Asset,
    Delivery,
    Observation,
    Role,
    State,
    Task,
)
from tests.axes import table

S = State
ON_THE_WAY = (S.PENDING, S.SUBMITTING, S.QUEUED, S.PROCESSING, S.STORING)
PICTURE = (Asset("https://files.example/a.png"),)
NOW = 1_767_225_630_000


def task(state: State = S.QUEUED, **fields: Any) -> Task:
    new = Task("acc1", uuid7(NOW, 0), "aistudio", "kling", Kind.IMAGE, "kling-image", 200, NOW, NOW + 900_000)
    return replace(new, state=state, **fields)


def seen(state: State, **fields: Any) -> Observation:
    return replace(Observation(state, assets=PICTURE if state is S.SUCCEEDED else ()), **fields)


@table("rank, before", list(enumerate(ON_THE_WAY)))
def test_a_task_moves_forward_or_stays(rank: int, before: State) -> None:
    # what is being copied, only the copying moves
    by = BY_ARCHIVE if before is S.STORING else "poll"
    after = {word: advance(task(before), seen(word), NOW, by) for word in S}

    moved = {word: moved.state for word, moved in after.items() if moved is not None}
    assert moved == {word: word for word in S if word in TERMINAL or word in ON_THE_WAY[rank + 1 :]}


def test_what_waits_for_its_client_only_ends_whatever_is_observed() -> None:
    after = {word: advance(task(S.ASKING), seen(word, upstream_task_id="x", progress=50), NOW, "poll") for word in S}

    assert {word for word, moved in after.items() if moved} == {S.CANCELLED, S.TIMEOUT}


def test_a_deadline_that_was_moved_is_not_enforced_by_a_clock_that_looked_before() -> None:
    waiting = task(S.PENDING, expires_at=NOW + 1)

    assert advance(waiting, seen(S.TIMEOUT), NOW, BY_CLOCK) is None
    assert advance(waiting, seen(S.TIMEOUT), NOW + 1, BY_CLOCK) is not None


@pytest.mark.parametrize("before", sorted(TERMINAL))
def test_what_has_ended_never_changes(before: State) -> None:
    late = {word: seen(word, upstream_task_id="late", progress=50) for word in S}
    assert [word for word in S if advance(task(before), late[word], NOW, "poll") is not None] == []


def test_the_table_of_moves_knows_every_state() -> None:
    assert LEGAL.keys() == STATUS.keys() == set(S)
    assert all(not LEGAL[state] for state in TERMINAL)


@table(
    "state, status",
    [
        *((S.ASKING, S.PENDING), (S.PENDING, S.PENDING), (S.SUBMITTING, S.QUEUED), (S.QUEUED, S.QUEUED)),
        *((S.PROCESSING, S.PROCESSING), (S.STORING, S.PROCESSING), *[(state, state) for state in sorted(TERMINAL)]),
    ],
)
def test_a_client_is_told_one_of_seven_words(state: State, status: State) -> None:
    assert task(state).status is status


@pytest.mark.parametrize("state", [S.FAILED, S.CANCELLED, S.TIMEOUT])
def test_an_end_without_a_reason_is_given_the_usual_one(state: State) -> None:
    after = advance(task(), seen(state), NOW, "poll")

    assert after is not None
    assert after.fault == FAULTS[state]


@pytest.mark.parametrize("state", [S.FAILED, S.CANCELLED, S.TIMEOUT])
def test_an_end_with_a_reason_keeps_it(state: State) -> None:
    fault = Fault("CONTENT_POLICY_VIOLATION", "no", "400")

    after = advance(task(), seen(state, fault=fault), NOW, "poll")

    assert after is not None
    assert after.fault == fault


def test_a_success_has_its_results_and_no_reason() -> None:
    after = advance(task(progress=40.0), seen(S.SUCCEEDED, fault=Fault("X", "y")), NOW + 5, "callback")

    assert after == replace(
        task(S.SUCCEEDED), assets=PICTURE, progress=100.0, learnt="callback", completed_at=NOW + 5, version=1
    )


def test_a_success_without_results_is_a_failure() -> None:
    after = advance(task(), Observation(S.SUCCEEDED), NOW, "poll")

    assert after is not None
    assert (after.state, after.fault and after.fault.code) == (S.FAILED, "GENERATION_FAILED")


@table("kind", Kind)
@table("store", [False, True])
def test_words_alone_are_a_success_of_what_is_no_file(kind: Kind, store: bool) -> None:
    after = advance(task(kind=kind), Observation(S.SUCCEEDED, facts={"text": "la la"}), NOW, "poll", store=store)

    assert after is not None
    assert after.state is (S.FAILED if KINDS[kind].file else S.SUCCEEDED)


def test_a_success_with_more_words_than_a_row_holds_is_a_failure() -> None:
    facts = {"text": "x" * MAX_FACTS}

    after = advance(task(kind=Kind.TEXT), Observation(S.SUCCEEDED, facts=facts), NOW, "poll")

    assert after is not None
    assert (after.state, after.fault) == (S.FAILED, TOO_MUCH_TEXT)


def test_a_success_whose_files_have_more_words_than_a_row_holds_is_a_failure() -> None:
    """An address may have 8,192 characters, each of several bytes: the row would be refused at every look."""
    long = tuple(Asset("https://files.example/" + "\u4e00" * 8000) for _ in range(10))

    after = advance(task(most=10), seen(S.SUCCEEDED, assets=long), NOW, "poll")

    assert after is not None
    assert (after.state, after.fault, after.assets) == (S.FAILED, TOO_MUCH_TEXT, ())


def test_what_comes_with_a_result_is_neither_counted_as_one_nor_kept_without_end() -> None:
    cover, track = Asset("https://files.example/c.png", role=Role.COVER), Asset("https://files.example/a.mp3")

    after = advance(task(kind=Kind.MUSIC, most=2), seen(S.SUCCEEDED, assets=(cover, track) * 9), NOW, "poll")

    assert after is not None
    assert after.results == (track, track)
    assert after.assets == (track, track, *(cover,) * 2 * EXTRAS)


def test_a_cover_alone_is_no_result() -> None:
    cover = Asset("https://files.example/c.png", role=Role.COVER)

    after = advance(task(), seen(S.SUCCEEDED, assets=(cover,)), NOW, "poll")

    assert after is not None
    assert after.state is S.FAILED


@pytest.mark.parametrize(
    ("asset", "store", "state"),
    [
        (Asset("https://files.example/a.png"), False, S.SUCCEEDED),
        (Asset("https://files.example/a.png"), True, S.STORING),
        (Asset("https://files.example/a.png", private=True), False, S.STORING),
        (Asset("", data=b"png"), True, S.SUCCEEDED),
    ],
    ids=["shown as it is", "archived", "only our key opens it", "came inline"],
)
def test_a_result_is_copied_where_its_address_cannot_be_given_out(asset: Asset, store: bool, state: State) -> None:
    after = advance(task(), seen(S.SUCCEEDED, assets=(asset,)), NOW, "poll", store=store)

    assert after is not None
    assert after.state is state


def test_what_was_used_is_remembered_while_the_result_is_copied() -> None:
    made = advance(task(), seen(S.SUCCEEDED, usage=7), NOW, "poll", store=True)
    assert made is not None
    after = advance(made, seen(S.SUCCEEDED), NOW, BY_ARCHIVE)

    assert after is not None
    assert (made.used, after.used) == (7, 7)


@table("was, seen_, is_", [(0, 30, 30), (30, 10, 30), (30, 30, 30), (30, 400, 100), (30, -5, 30)])
def test_progress_never_falls_nor_passes_a_hundred(was: float, seen_: float, is_: float) -> None:
    after = advance(task(S.QUEUED, progress=float(was)), seen(S.PROCESSING, progress=float(seen_)), NOW, "poll")

    assert after is not None
    assert after.progress == is_


def test_progress_that_is_no_number_is_none() -> None:
    after = advance(task(S.QUEUED, progress=30.0), seen(S.PROCESSING, progress=math.nan), NOW, "poll")

    assert after is not None
    assert after.progress == 30.0


def test_the_first_job_known_stays_the_job() -> None:
    first = advance(task(S.SUBMITTING, sending=True), seen(S.QUEUED, upstream_task_id="job-1"), NOW, "submit")
    assert first is not None

    second = advance(first, seen(S.PROCESSING, upstream_task_id="job-2"), NOW, "poll")

    assert (first.upstream_task_id, first.sending) == ("job-1", False)
    assert second is not None
    assert second.upstream_task_id == "job-1"


@table(
    "before, after, due",
    [(Delivery.NONE, Delivery.NONE, None), (Delivery.WAITING, Delivery.OWED, NOW + 7 + GRACE)],
)
@table("state", sorted(TERMINAL))
def test_an_end_owes_the_client_a_word_or_nothing(
    state: State, before: Delivery, after: Delivery, due: int | None
) -> None:
    end = advance(task(delivery=before, due_at=NOW + 60_000), seen(state), NOW + 7, "poll")

    assert end is not None
    assert (end.delivery, end.due_at, end.completed_at) == (after, due, NOW + 7)


OBSERVATIONS = st.builds(
    Observation,
    st.sampled_from(S),
    st.none() | st.sampled_from(["job-1", "job-2"]),
    st.floats(-1e6, 1e6) | st.just(math.nan) | st.just(math.inf),
    st.sampled_from([(), PICTURE]),
    st.none() | st.builds(Fault, st.text(), st.text()),
    facts=st.sampled_from([{}, {"text": "la la"}]),
    usage=st.none() | st.integers(-5, 500),
)


@given(st.sampled_from(S), st.sampled_from(Delivery), st.lists(OBSERVATIONS, max_size=12))
def test_whatever_is_observed_a_task_lives_once(first: State, delivery: Delivery, facts: list[Observation]) -> None:
    now, entries = task(first, delivery=delivery), list[Entry]()
    for tick, fact in enumerate(facts):
        after = advance(now, fact, NOW + tick, "poll")
        if after is None:
            continue
        assert not now.terminal
        assert after.state is now.state or after.state in LEGAL[now.state]
        assert after.version == now.version + 1
        assert now.progress <= after.progress <= 100.0
        assert (after.account_id, after.task_id, after.price) == (now.account_id, now.task_id, now.price)
        assert after.terminal == (after.completed_at is not None)
        assert (after.state is S.SUCCEEDED) == bool(after.assets)
        assert (after.fault is not None) == (after.terminal and after.state is not S.SUCCEEDED)
        entries += settle(now, after)
        now = after
    assert len(entries) == (1 if now.terminal and first not in {S.ASKING, *TERMINAL} else 0)


@given(st.lists(OBSERVATIONS, max_size=12))
def test_a_balance_is_what_it_was_or_less_the_price_of_what_succeeded(facts: list[Observation]) -> None:
    now = task(S.PENDING)
    entries = [reserve(now)]
    for fact in facts:
        after = advance(now, fact, NOW, "poll")
        if after is not None:
            entries += settle(now, after)
            now = after

    spent = -sum(entry.amount for entry in entries)
    assert spent == (now.price if now.state is S.SUCCEEDED or not now.terminal else 0)
    assert [entry.kind for entry in entries].count(EntryKind.RELEASE) <= 1


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
def test_an_id_is_a_uuid_of_version_7_that_tells_its_instant(now: int, random: int) -> None:
    made = UUID(uuid7(now, random))

    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == now


@given(st.integers(0, 2**74 - 1), st.integers(0, 2**74 - 1))
def test_two_draws_give_two_ids(one: int, other: int) -> None:
    assert (uuid7(NOW, one) == uuid7(NOW, other)) == (one == other)


@given(st.integers(0, 2**48 - 2), st.integers(0, 2**74 - 1), st.integers(0, 2**74 - 1))
def test_ids_sort_by_time(now: int, one: int, other: int) -> None:
    assert uuid7(now, one) < uuid7(now + 1, other)


def test_a_published_uuid_is_made_again() -> None:
    # RFC 9562, appendix A.6: rand_a CC3, rand_b 18C4DC0C0C07398F
    assert uuid7(0x017F22E279B0, 0xCC3 << 62 | 0x18C4DC0C0C07398F) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
