"""An upstream is asked for its own platform, as the catalog's source names it, and not for the client's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from relay.edge.wiring import catalog as sold_now
from relay.nouns.catalog import Source
from relay.nouns.draft import Kind
from relay.nouns.task import State
from tests.functional.harness import Harness, harness

ELSEWHERE = Source("aistudio", "flux-dev", label="krea", counts=(1, 2, 4))


@pytest.fixture
def here() -> Iterator[Harness]:
    """A relay that has KIE's 4o image made by a platform of another family."""
    with harness() as made:
        catalog = made.services.catalog
        sold = catalog.offer("kie", "gpt4o-image", Kind.IMAGE).model(None)
        catalog = replace(catalog, models={**catalog.models, sold.name: replace(sold, sources=(ELSEWHERE,))})
        made.services = replace(made.services, catalog=catalog)
        yield made


def test_a_task_of_another_family_is_asked_for_and_queried_on_the_upstreams_platform(here: Harness) -> None:
    task_id = here.submit_kie_image()
    here.pump()
    here.network.finish()
    here.run(10)

    paths = {what: urlsplit(call.url).path for what, call in here.network.calls}
    assert paths == {"aistudio.submit": "/api/krea/images", "aistudio.query": "/api/krea/tasks"}
    assert here.task(task_id).state is State.SUCCEEDED


def test_a_task_is_queried_where_it_was_sent_also_when_the_catalog_has_changed(here: Harness) -> None:
    here.submit_kie_image()
    here.pump()
    here.services = replace(here.services, catalog=sold_now())
    here.run(10)

    (query, *_) = here.network.sent("aistudio.query")
    assert urlsplit(query.url).path == "/api/krea/tasks"


def test_a_query_may_be_repeated_and_a_submission_may_not(here: Harness) -> None:
    here.submit_kie_image()
    here.pump()
    here.run(10)

    assert {(what, call.repeatable) for what, call in here.network.calls} == {
        ("aistudio.submit", False),
        ("aistudio.query", True),
    }
