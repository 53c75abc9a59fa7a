"""Random sequences of events: states, money and owed deliveries stay consistent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from local.upstreams.jobs import Job
from relay.effects.outbound import NoAnswer
from relay.flow.usage_check import differences
from relay.nouns.draft import Callback
from relay.nouns.errors import RelayError
from relay.nouns.task import Delivery, State, Task
from relay.nouns.wire import Answer, Call
from tests.functional.asking import begin, complete
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.harness import harness
from tests.functional.network import CLIENT

PATHS: dict[str, tuple[str, dict[str, object]]] = {
    "polled": ("/api/kling/images", {"callback_url": CLIENT}),
    "failing over": ("/api/grok/images", {"callback_url": CLIENT}),
    "partly made": ("/api/kling/images", {"count": 3}),
    "told to nobody": ("/api/kling/images", {}),
    "called back": ("/api/v1/gpt4o-image/generate", {"size": "1:1", "callBackUrl": CLIENT}),
}
WEATHER: dict[str, Answer | Exception] = {
    "html": Answer(502, b"<html>bad gateway</html>", {}),
    "empty": Answer(200, b"", {}),
    "gone": Answer(410, b"", {}),
    "silence": NoAnswer("ReadTimeout"),
}
REFUSALS = {
    "kie": Answer(200, b'{"code": 455, "msg": "under maintenance", "data": null}', {}),
    "aistudio": Answer(400, b'{"success": false, "error": {"code": "INVALID_PARAMETER", "message": "no"}}', {}),
}
LIES: dict[str, Callable[[Job], object]] = {
    "failed": lambda job: {"code": 500, "msg": "failed", "data": {"taskId": job.task_id, "info": None}},
    "made": lambda job: {
        "code": 200,
        "data": {"taskId": job.task_id, "info": {"result_urls": ["https://lie.example/"]}},
    },
    "of another": lambda job: {"code": 200, "data": {"taskId": f"{job.task_id}0"}},
    "no object": lambda job: [job.task_id],
}
UPSTREAMS = st.sampled_from(sorted(REFUSALS))
ANY = st.integers(0, 99)


class Tasks(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.open = ExitStack()
        self.here = CrashingHarness.of(self.open.enter_context(harness("3")), CrashPoint())
        self.asked = 0
        self.refused: Counter[str] = Counter()
        self.made: set[str] = set()  # jobs that were ever said to have succeeded
        self.ended: dict[str, tuple[object, ...]] = {}

    def teardown(self) -> None:
        try:
            self._everything_ends()
        finally:
            self.open.close()

    # --- what happens -----------------------------------------------------------------------------------------

    @rule(how=st.sampled_from(sorted(PATHS)))
    def submit(self, how: str) -> None:
        path, more = PATHS[how]
        self.asked += 1
        self.here.completes(lambda: self.here.post(path, {"prompt": f"picture-{self.asked}.", **more}))

    @rule()
    def begin(self) -> None:
        self.here.completes(lambda: begin(self.here, callback=Callback(CLIENT)))

    @rule(which=ANY, copies=st.sampled_from((1, 2)))
    def answer(self, which: int, copies: int) -> None:
        waiting = [task for task in self._tasks() if task.state is State.ASKING]
        for _ in range(copies if waiting else 0):
            self.asked += 1
            with suppress(RelayError):
                chosen = waiting[which % len(waiting)]
                prompt = f"picture-{self.asked}."
                self.here.completes(lambda: complete(self.here, chosen.task_id, prompt=prompt))  # noqa: B023

    @rule()
    def pump(self) -> None:
        self.here.pump()

    @rule(seconds=st.sampled_from((1, 5, 20, 60, 400)))
    def time_passes(self, seconds: int) -> None:
        self.here.wait(seconds)
        self.here.tick()

    @rule(which=ANY, state=st.sampled_from(("succeeded", "failed", "reviewing", "queued")))
    def upstream_moves(self, which: int, state: str) -> None:
        if job := self._job(which):
            job.state = state
            self.made |= {job.task_id} if state == "succeeded" else set()

    @rule(which=ANY, copies=st.sampled_from((1, 1, 3)))
    def upstream_calls_back(self, which: int, copies: int) -> None:
        if (job := self._job(which)) and job.callback_url:
            for _ in range(copies):
                self.here.completes(lambda: self.here.callback(job))

    @rule(which=ANY, lie=st.sampled_from(sorted(LIES)))
    def somebody_lies(self, which: int, lie: str) -> None:
        if (job := self._job(which)) and job.callback_url:
            self.here.completes(lambda: self.here.callback(job, LIES[lie](job)))

    @rule(endpoint=st.sampled_from(("kie.query", "aistudio.query", "client")), weather=st.sampled_from(sorted(WEATHER)))
    def weather(self, endpoint: str, weather: str) -> None:
        self.here.network.script.setdefault(endpoint, []).append(WEATHER[weather])

    @rule(upstream=UPSTREAMS)
    def an_upstream_will_refuse(self, upstream: str) -> None:
        def refuse(call: Call) -> Answer:
            self.refused[_prompt(call)] += 1
            return REFUSALS[upstream]

        self.here.network.script.setdefault(f"{upstream}.submit", []).append(refuse)

    @rule(upstream=UPSTREAMS, made=st.booleans())
    def an_upstream_will_not_answer(self, upstream: str, made: bool) -> None:
        def cut_off(call: Call) -> Answer:
            if made:
                self.here.network.ordinary(f"{upstream}.submit", call)
            raise NoAnswer("ReadTimeout")

        self.here.network.script.setdefault(f"{upstream}.submit", []).append(cut_off)

    @rule(which=st.sampled_from(("dispatch_url", "deliver_url", "retry_url")))
    def messages_are_lost(self, which: str) -> None:
        url = getattr(self.here, which)
        self.here.delayed.held.clear()
        for message in self.here.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            self.here.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    @rule(writes=st.integers(1, 6))
    def a_function_will_die(self, writes: int) -> None:
        self.here.crash_point.writes_left = writes

    # --- what always holds ------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_wrong(self) -> None:
        tasks = self._tasks()
        self._what_has_ended_stays_as_it_is(tasks)
        self._every_unfinished_duty_has_its_hour_and_no_finished_one_has(tasks)
        self._nothing_succeeds_that_its_upstream_did_not_make(tasks)
        self._nothing_is_submitted_again_unless_it_was_refused()
        assert self.here.drift == 0
        assert differences(self.here.services.store, self.here.account_id) == []

    def _what_has_ended_stays_as_it_is(self, tasks: list[Task]) -> None:
        for task in (task for task in tasks if task.terminal):
            end = (task.state, task.fault, task.assets, task.completed_at, task.learnt)
            assert self.ended.setdefault(task.task_id, end) == end

    def _every_unfinished_duty_has_its_hour_and_no_finished_one_has(self, tasks: list[Task]) -> None:
        for task in tasks:
            owed = not task.terminal or task.delivery is Delivery.OWED
            assert (task.due_at is not None) == owed

    def _nothing_succeeds_that_its_upstream_did_not_make(self, tasks: list[Task]) -> None:
        assert {task.upstream_task_id for task in tasks if task.state is State.SUCCEEDED} <= self.made

    def _nothing_is_submitted_again_unless_it_was_refused(self) -> None:
        calls = self.here.network.sent("kie.submit") + self.here.network.sent("aistudio.submit")
        sent = Counter(_prompt(call) for call in calls)
        assert not [prompt for prompt, times in sent.items() if times - self.refused[prompt] > 1]

    # --- the end ----------------------------------------------------------------------------------------------

    def _everything_ends(self) -> None:
        """Run past every deadline, then check that nothing is left."""
        self.here.crash_point.writes_left = 0
        for _ in range(80):
            while self.here.pump():
                continue
            self.here.tick()
            if not (dues := [task.due_at for task in self._tasks() if task.due_at is not None]):
                break
            self.here.now[0] = max(self.here.now[0] + 60_000, min(dues))
        for task in self._tasks():
            entries = self.here.entries(task.task_id)
            assert task.terminal, task
            assert task.delivery in (Delivery.NONE, Delivery.DONE, Delivery.DEAD)
            kept = ["capture"] if task.state is State.SUCCEEDED else []
            returned = ["release"] if len(task.assets) < task.most else []
            assert entries == ([*kept, *returned, "reserve"] if task.price else [])
        account = self.here.services.store.accounts.get(self.here.account_id)
        assert account is not None
        assert account.in_flight == 0
        events = {(call.headers["webhook-id"], call.body) for call in self.here.told}
        assert len(events) == len({event_id for event_id, _ in events})

    def _tasks(self) -> list[Task]:
        return list(self.here.services.store.tasks.since(self.here.account_id, "0"))

    def _job(self, which: int) -> Job | None:
        jobs = list(self.here.network.jobs.values())
        return jobs[which % len(jobs)] if jobs else None


def _prompt(call: Call) -> str:
    found = re.search(rb"picture-\d+\.", call.body)
    assert found
    return found[0].decode()


TestTasks = Tasks.TestCase
# a failing life is told as it is: shrinking it would take minutes
TestTasks.settings = settings(
    max_examples=8, stateful_step_count=25, deadline=None, derandomize=True, phases=(Phase.generate,)
)
