"""What is written into a row is read back as it was, and what is not there costs nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.effects.store.codec import pack, read_draft, read_facts, read_task, task_values, write_draft, write_facts
from relay.nouns.draft import Callback, Draft, Kind, MediaRole, Medium, Parent
from relay.nouns.faults import Fault
from relay.nouns.life import MAX_FACTS
from relay.nouns.task import Asset, Delivery, Role, State, Task

TEXT = st.text(max_size=40)
WORDS = TEXT.filter(bool)
WHOLE = st.integers(0, 10**15)
SECONDS = st.floats(0, 1e6)
ASSETS = st.builds(
    Asset,
    url=TEXT,
    duration=st.none() | SECONDS,
    title=st.none() | TEXT,
    key=st.none() | WORDS,
    content_type=st.none() | WORDS,
    size=st.none() | WHOLE,
    sha256=st.none() | WORDS,
    role=st.sampled_from(Role),
    ref=st.none() | WORDS,
    private=st.booleans(),
)
TASKS = st.builds(
    Task,
    *(WORDS for _ in range(4)),
    st.sampled_from(Kind),
    WORDS,
    *(WHOLE for _ in range(3)),
    used=st.none() | WHOLE,
    copies=st.integers(0, 3),
    state=st.sampled_from(State),
    sending=st.booleans(),
    due_at=st.none() | WHOLE,
    upstream_task_id=st.none() | WORDS,
    progress=st.floats(0, 100),
    assets=st.lists(ASSETS, max_size=4).map(tuple),
    fault=st.none() | st.builds(Fault, WORDS, st.just(""), TEXT),
    delivery=st.sampled_from(Delivery),
    attempts=st.lists(st.tuples(WHOLE, TEXT), max_size=3).map(tuple),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


DRAFTS = st.builds(
    Draft,
    *(WORDS for _ in range(2)),
    st.sampled_from(Kind),
    WORDS,
    prompt=TEXT,
    count=st.integers(1, 10),
    size=st.none() | WORDS,
    duration=st.none() | st.integers(1, 60),
    media=st.lists(st.builds(Medium, st.sampled_from(MediaRole), WORDS, field=TEXT), max_size=3).map(tuple),
    options=st.dictionaries(WORDS, TEXT | st.booleans() | st.integers(), max_size=3),
    parent=st.none() | st.builds(Parent, *(WORDS for _ in range(4)), upstream=TEXT, upstream_task_id=TEXT),
    callback=st.none() | st.builds(Callback, WORDS, field=TEXT),
    raw=st.dictionaries(TEXT, TEXT, max_size=3),
    fields=st.dictionaries(TEXT, TEXT, max_size=3),
)


@given(DRAFTS)
def test_a_request_is_read_as_it_was_written(draft: Draft) -> None:
    assert read_draft(write_draft(draft)) == draft


def test_what_only_a_refusal_needs_is_not_kept_with_a_request() -> None:
    media = (Medium(MediaRole.IMAGE, "media:a", "filesUrl[0]"),)
    draft = Draft("d", "p", Kind.IMAGE, "m", media=media, callback=Callback("u"), fields={"count": "nVariants"})

    assert json.loads(write_draft(draft)) == {
        **{"dialect": "d", "platform": "p", "kind": "image", "model": "m", "count": 1},
        **{"media": [{"role": "image", "url": "media:a"}], "callback": {"url": "u"}},
    }


@given(TASKS)
def test_a_task_is_read_as_it_was_written(task: Task) -> None:
    assert read_task({name: pack(value) for name, value in task_values(task).items()}) == task


@given(st.dictionaries(st.text(st.characters()), JSON, max_size=5))
def test_what_an_outcome_says_is_read_as_it_was_said(facts: dict[str, object]) -> None:
    assert read_facts(write_facts(facts)) == facts


def test_half_a_character_from_an_upstream_can_be_kept() -> None:
    facts = json.loads(r'{"text": "cut off \ud83d"}')

    assert read_facts(write_facts(facts)) == facts


def test_the_longest_words_that_are_kept_fit_into_a_row() -> None:
    longest = {"text": "".join(chr(0x4E00 + number % 20_000) for number in range(MAX_FACTS // 6 - 10))}

    assert len(write_facts(longest)) < 400_000


def test_a_plain_result_costs_nothing_for_what_it_does_not_have() -> None:
    task = Task("acc", "T1", "aistudio", "kling", Kind.IMAGE, "m", 1, 1, 1, assets=(Asset("", key="results/a/b.png"),))
    values = task_values(task)

    assert values["assets"] == [{"url": "", "key": "results/a/b.png"}]
    assert values.keys().isdisjoint({"used", "copies"})


def test_bytes_never_get_into_a_row() -> None:
    task = Task("acc", "T1", "aistudio", "kling", Kind.IMAGE, "m", 1, 1, 1, assets=(Asset("", data=b"png"),))

    with pytest.raises(ValueError, match="bytes do not go into a row"):
        task_values(task)
