"""What follows up on a task: by whom, on which part of it, at what price; it goes where the parent was made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from relay.flow.access import Caller
from relay.flow.follow import follow
from relay.flow.observe import observe
from relay.nouns.catalog import Follow
from relay.nouns.draft import Draft, Kind, Parent
from relay.nouns.errors import InvalidParameter
from relay.nouns.money import nanos
from relay.nouns.task import Asset, Observation, Role, State
from tests.functional.harness import Harness, harness

VIDEO = {"prompt": "a kite", "action": "text2video", "duration": 5}
COVER = Asset("https://cdn.example/c.png", role=Role.COVER, ref="cover-1")
CLIPS = (Asset("https://cdn.example/1.mp4", ref="clip-a"), Asset("https://cdn.example/2.mp4", ref="clip-b"), COVER)
UPSCALE, REROLL = "JOB::upscale::2::hash", "JOB::reroll::0::hash"
BUTTONS = [{"ref": UPSCALE, "label": "U2"}, {"ref": REROLL, "label": ""}, "broken"]


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as here:
        here.services = replace(here.services, catalog=sold(here, {"vary": Follow(frozenset({"image"}))}))
        yield here


def sold(here: Harness, follows: dict[str, Follow], name: str = "kling-image") -> Any:
    """The catalog with other follow-ups of a model."""
    catalog = here.services.catalog
    return replace(catalog, models={**catalog.models, name: replace(catalog.models[name], follows=follows)})


def at_upstream(here: Harness) -> str:
    task_id = here.submit_image()
    here.pump()
    return task_id


def made(here: Harness, **outcome: Any) -> str:
    """A picture task that brought this."""
    task_id = at_upstream(here)
    task = here.task(task_id)
    observe(
        here.services, replace(task, most=2), Observation(State.SUCCEEDED, task.upstream_task_id, **outcome), "poll"
    )
    assert here.task(task_id).state is State.SUCCEEDED
    return task_id


def draft(task_id: str, ref: str = "", **fields: Any) -> Draft:
    parent = Parent(task_id, ref, "taskId", "customId")
    return replace(Draft("aistudio", "kling", Kind.IMAGE, "", "a cat", "vary", parent=parent), **fields)


def followed(here: Harness, asked: Draft, account_id: str = "acc1") -> Draft:
    return follow(here.services, Caller(account_id, 3, asked.dialect), asked)


def refused(here: Harness, asked: Draft, account_id: str = "acc1") -> tuple[str | None, str]:
    with pytest.raises(InvalidParameter) as caught:
        followed(here, asked, account_id)
    return caught.value.field, caught.value.message


def test_a_follow_up_knows_how_its_parent_was_made(here: Harness) -> None:
    task_id = made(here, assets=CLIPS)
    task, found = here.task(task_id), followed(here, draft(task_id))

    assert found.model == "kling-image"
    assert found.parent == Parent(
        task_id, upstream="aistudio", label="kling", upstream_task_id=task.upstream_task_id or "?"
    )


def test_a_part_is_named_as_the_upstream_knows_it(here: Harness) -> None:
    task_id = made(here, assets=CLIPS, facts={"buttons": BUTTONS})
    wanted = {"clip-b": "clip-b", "cover-1": "cover-1", "2": "clip-b", "U2": UPSCALE, UPSCALE: UPSCALE, REROLL: REROLL}

    found = {ref: followed(here, draft(task_id, ref)).parent for ref in wanted}
    assert {ref: parent.upstream_ref for ref, parent in found.items() if parent} == wanted


def test_a_part_the_parent_does_not_have_is_refused_by_its_field(here: Harness) -> None:
    task_id = made(here, assets=CLIPS, facts={"buttons": BUTTONS})

    for ref in ("clip-c", "0", "3", "-1", "\N{SUPERSCRIPT TWO}", "9" * 5000, "broken", "None"):
        assert refused(here, draft(task_id, ref)) == ("customId", "customId is no part of that task")


def test_a_parent_of_another_account_or_dialect_is_as_unknown_as_none(here: Harness) -> None:
    asked = draft(made(here, assets=CLIPS))
    unknown = refused(here, draft("0197e2a4-0000-7000-8000-000000000001"))

    assert unknown[0] == "taskId"
    assert [refused(here, asked, "acc2"), refused(here, replace(asked, dialect="newapi"))] == [unknown, unknown]


def test_a_parent_that_has_not_ended_is_refused_by_its_field(here: Harness) -> None:
    assert refused(here, draft(at_upstream(here))) == ("taskId", "taskId is a task that has not ended yet")


def test_a_parent_that_failed_is_refused_by_its_field(here: Harness) -> None:
    task_id = at_upstream(here)
    observe(here.services, here.task(task_id), Observation(State.FAILED), "poll")

    assert refused(here, draft(task_id)) == ("taskId", "taskId is a task that has not succeeded")


@pytest.mark.parametrize("fields", [{"action": "upscale"}, {"model": "seedream-4.5"}, {"model": "gone"}])
def test_only_what_the_catalog_lets_follow_follows(here: Harness, fields: dict[str, str]) -> None:
    assert refused(here, draft(made(here, assets=CLIPS), **fields))[0] == "taskId"


def test_a_follow_up_has_its_own_price(here: Harness) -> None:
    _, parent = here.post("/api/kling/videos", VIDEO)
    here.pump()
    here.network.finish()
    here.run(90, step=30)
    before, follows = here.balance, {"extend": Follow(frozenset({"video"}), nanos("0.02"))}
    here.services = replace(here.services, catalog=sold(here, follows, "kling-v1"))

    assert here.post("/api/kling/videos", {**VIDEO, "action": "extend", "task_id": parent["task_id"]})[0] == 200
    assert before - here.balance == 5 * nanos("0.02")
    assert here.drift == 0
