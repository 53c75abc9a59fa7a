"""What a client of ours can learn of a task: the fact the mirror law carries round."""

from __future__ import annotations

from relay.nouns.task import Observation, State, Task


def told(task: Task) -> Observation:
    assets = task.assets if task.state is State.SUCCEEDED else ()
    return Observation(task.status, task.task_id, task.progress, assets, task.fault)
