"""Submissions in several steps: what makes nothing may fail for certain, what may have made something is held."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.families import provider
from relay.families.provider import Api, Carries, Mode, Order, Provider, Step
from relay.nouns.credential import X_API_KEY
from relay.nouns.draft import Kind
from relay.nouns.errors import Refused, UnknownOutcome
from relay.nouns.signing import key_token
from relay.nouns.task import Asset, Observation, State, Task
from relay.nouns.wire import Answer, Call
from tests.functional.harness import SECRETS, Harness, Secrets, harness
from tests.functional.network import Script

REFUSED = Answer(400, b'{"said": "no"}')
HTML = Answer(502, b"<html>")
LOST = [NoAnswer("ReadTimeout"), HTML, RuntimeError("a fault of ours")]


def said(**words: str) -> Answer:
    return Answer(200, json.dumps(words).encode())


def read(answer: Answer) -> Observation | Step:
    """An answer names the next step, or a job, or says no."""
    try:
        words = json.loads(answer.body)
    except ValueError as error:
        raise UnknownOutcome("nothing readable") from error
    if words.get("said") == "no":
        raise Refused("it said no", elsewhere=True)
    if "next" in words:
        return Step(write(words["next"]), read)
    urls = (Asset(words["url"]),) if "url" in words else ()
    return Observation(State.SUCCEEDED if urls else State.QUEUED, words.get("job"), assets=urls)


def write(step: str) -> Call:
    """Every step but an upload may make something."""
    return replace(Call.json("POST", f"/{step}", {}), repeatable=step == "upload")


IMAGES = {Kind.IMAGE: Carries()}


def starting_with(step: str) -> Api:
    return Api(
        lambda order: write(step), lambda answer, _: read(answer), seconds=12, largest_answer=5_000, carries=IMAGES
    )


class Stepwise(Provider):
    """A family whose submissions begin as each test says."""

    family = "kie"
    credential = X_API_KEY


@pytest.fixture(scope="module")
def shared() -> Iterator[Harness]:
    with harness(balance="1000") as made:
        yield made


@pytest.fixture
def here(shared: Harness) -> Harness:
    shared.wait(11)  # KIE takes twenty new jobs in ten seconds
    return shared.begin_anew()


def submit(here: Harness, api: Api, *answers: Script) -> Task:
    """A task for which KIE comes first and speaks `api`, and another upstream second."""
    stepwise = Stepwise({"market": api})
    here.services = replace(here.services, providers=lambda family: stepwise if family == "kie" else provider(family))
    here.network.script["kie.submit"] = list(answers)
    status, made = here.post("/api/grok/images", {"prompt": "a cat"})
    assert status == 200
    here.pump()
    return here.task(made["task_id"])


def steps(here: Harness) -> list[str]:
    return [call.url.removeprefix("https://kie.example/") for call in here.network.sent("kie.submit")]


def outcome(here: Harness, task: Task) -> tuple[State, bool, str | None, int]:
    return task.state, task.sending, task.upstream, len(here.network.sent("aistudio.submit"))


HELD = (State.SUBMITTING, True, "kie", 0)
ELSEWHERE = (State.QUEUED, False, "aistudio", 1)


def test_each_step_follows_from_the_answer_before_it(here: Harness) -> None:
    task = submit(here, starting_with("upload"), said(next="upload"), said(next="create"), said(job="job-steps"))

    assert steps(here) == ["upload", "upload", "create"]
    assert (task.state, task.upstream_task_id) == (State.QUEUED, "job-steps")


def test_our_key_is_added_to_each_step_when_it_is_sent(here: Harness) -> None:
    submit(here, starting_with("upload"), said(next="create"), said(job="job-key"))

    keys = [
        (call.headers.get("x-api-key"), "authorization" in call.headers) for call in here.network.sent("kie.submit")
    ]
    assert keys == [(SECRETS["upstreams/kie/key"], False)] * 2


def test_all_steps_share_the_seconds_and_each_has_the_bound_of_its_api(here: Harness) -> None:
    def slow(call: Call) -> Answer:
        here.wait(5)
        return said(next="create")

    submit(here, starting_with("upload"), slow, said(job="job-slow"))

    assert [(call.timeout, call.largest_answer) for call in here.network.sent("kie.submit")] == [
        (12.0, 5_000),
        (7.0, 5_000),
    ]


@pytest.mark.parametrize(
    "failure", [NotSent("x"), EgressRefused("x"), NoAnswer("ReadTimeout"), HTML, REFUSED], ids=repr
)
def test_a_step_that_makes_nothing_fails_for_certain(here: Harness, failure: Answer | Exception) -> None:
    task = submit(here, starting_with("upload"), failure)

    assert outcome(here, task) == ELSEWHERE
    assert here.entries(task.task_id) == ["reserve"]


def test_a_fault_of_ours_in_a_step_that_makes_nothing_leaves_the_task_to_be_sent(here: Harness) -> None:
    here.network.script["aistudio.submit"] = [NotSent("x")]
    task = submit(here, starting_with("upload"), RuntimeError("a fault of ours"))
    assert (task.sending, steps(here)) == (False, ["upload"])

    here.network.script["kie.submit"] = [said(next="create"), said(job="job-again")]
    here.run(60)
    assert (here.task(task.task_id).upstream_task_id, steps(here)[1:3]) == ("job-again", ["upload", "create"])


@pytest.mark.parametrize("failure", [NotSent("x"), EgressRefused("x"), REFUSED], ids=repr)
def test_the_first_step_that_makes_something_may_be_refused(here: Harness, failure: Answer | Exception) -> None:
    assert outcome(here, submit(here, starting_with("upload"), said(next="create"), failure)) == ELSEWHERE


@pytest.mark.parametrize("failure", LOST, ids=repr)
def test_the_first_step_that_makes_something_is_held_without_an_answer(
    here: Harness, failure: Answer | Exception
) -> None:
    assert outcome(here, submit(here, starting_with("upload"), said(next="create"), failure)) == HELD


@pytest.mark.parametrize("failure", [NotSent("x"), EgressRefused("x"), REFUSED, *LOST], ids=repr)
@pytest.mark.parametrize("second", ["confirm", "upload"])
def test_nothing_is_certain_after_a_step_that_may_have_made_something(
    here: Harness, failure: Answer | Exception, second: str
) -> None:
    task = submit(here, starting_with("create"), said(next=second), failure)

    assert (outcome(here, task), steps(here)) == (HELD, ["create", second])
    assert here.entries(task.task_id) == ["reserve"]


@pytest.mark.parametrize("failure", [NotSent("x"), EgressRefused("x"), REFUSED, *LOST], ids=repr)
def test_a_step_after_one_that_only_asked_back_is_refused_for_certain_and_held_without_an_answer(
    here: Harness, failure: Answer | Exception
) -> None:
    api = starting_with("create")
    window = replace(api, read_submit=lambda answer, order: Step(write("confirm"), read, unmade=True))
    task = submit(here, window, said(next="confirm"), failure)

    assert (outcome(here, task), steps(here)) == (HELD if failure in LOST else ELSEWHERE, ["create", "confirm"])


@pytest.mark.parametrize(("step", "comes_to"), [("upload", ELSEWHERE), ("create", HELD)])
def test_steps_without_end_are_not_followed(
    here: Harness, step: str, comes_to: tuple[State, bool, str | None, int]
) -> None:
    task = submit(here, starting_with(step), *[said(next=step)] * 20)

    assert (outcome(here, task), len(steps(here))) == (comes_to, 4)


def test_where_the_answer_is_the_outcome_the_task_ends_with_it(here: Harness) -> None:
    api = replace(starting_with("create"), mode=Mode.ANSWER)
    task = submit(here, api, said(url="https://files.example/a.png"))

    assert (task.state, [asset.url for asset in task.assets]) == (State.SUCCEEDED, ["https://files.example/a.png"])


def test_an_answer_that_should_be_the_outcome_and_is_none_is_held(here: Harness) -> None:
    assert outcome(here, submit(here, replace(starting_with("create"), mode=Mode.ANSWER), said(job="job-1"))) == HELD


def test_our_key_is_masked_in_whatever_an_upstream_says(here: Harness) -> None:
    heard = list[bytes]()

    def listening(answer: Answer, _: Order) -> Observation | Step:
        heard.append(answer.body)
        return read(answer)

    submit(here, replace(starting_with("create"), read_submit=listening), said(job=SECRETS["upstreams/kie/key"]))

    assert heard == [b'{"job": "sk-***"}']


def answered(here: Harness, credential: str, key: str) -> Answer:
    """What KIE says to a call, where the catalog says how our key travels there."""
    kie = replace(here.services.catalog.upstreams["kie"], credential=credential)
    upstreams = {**here.services.catalog.upstreams, "kie": kie}
    services = replace(
        here.services,
        catalog=replace(here.services.catalog, upstreams=upstreams),
        secrets=Secrets({"upstreams/kie/key": key}),
    )
    return services.send("kie", starting_with("create"), write("create"), 5.0)


def test_the_catalog_says_how_our_key_travels_to_an_upstream(here: Harness) -> None:
    answered(here, "mj-api-secret", "sk-EXAMPLE-mj")
    assert here.network.calls[-1][1].headers == {"content-type": "application/json", "mj-api-secret": "sk-EXAMPLE-mj"}


def test_a_key_that_signs_never_travels_and_nothing_of_it_comes_back(here: Harness) -> None:
    def repeating(call: Call) -> Answer:
        """An upstream that says all it was told, and what it knows of our key."""
        return Answer(200, f"{call.headers['authorization']} ACCESS-EXAMPLE secret-example".encode())

    here.network.script["kie.submit"] = [repeating]
    answer = answered(here, "kling-jwt", "ACCESS-EXAMPLE:secret-example")
    token = key_token("ACCESS-EXAMPLE:secret-example", here.now[0] // 1000)
    assert here.network.calls[-1][1].headers["authorization"] == f"Bearer {token}"
    assert answer.body == b"Bearer sk-*** sk-*** sk-***"


def test_a_key_of_the_wrong_form_is_sent_nowhere(here: Harness) -> None:
    with pytest.raises(NotSent, match="not of the form") as caught:
        answered(here, "kling-jwt", "sk-EXAMPLE-bearer")
    assert "sk-EXAMPLE" not in str(caught.value)
    assert here.network.calls == []


def test_a_call_without_a_path_goes_nowhere(here: Harness) -> None:
    """What a translator writes cannot make another host of our address: https://api.example + @other.example."""
    task = submit(here, starting_with("create"), said(job="job-1"))
    aside = replace(Call.json("POST", "@other.example/", {}), repeatable=False)
    with pytest.raises(NotSent):
        here.services.send("kie", starting_with("create"), aside, 5.0)
    assert task.upstream == "kie"
