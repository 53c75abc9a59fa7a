"""Writing a task's stream to the family's clients: reasoning while it is made, the result in a text at last."""

from __future__ import annotations

from relay.families.dialect import Told
from relay.families.progress import ProgressWriter
from relay.families.sora2api.words import SERVER, TASKS, Row
from relay.families.sora2api.write import write_content, write_error_object, write_reason
from relay.families.uses import Record
from relay.nouns.errors import RelayError
from relay.nouns.task import State
from relay.nouns.wire import Json, compact

DONE = b"data: [DONE]\n\n"
STOP = "STOP"


class Progress(ProgressWriter):
    """The task's id is in the first text, so that it can be asked for where the stream breaks off."""

    def __init__(self) -> None:
        self._begun = False

    def write(self, told: Told[Record]) -> bytes:
        task = told.found.task
        if task.state is State.SUCCEEDED:
            return self._chunk(told, content=write_content(told.found), finish=STOP) + DONE
        if task.terminal:
            return _event(write_error_object(Row(500, SERVER), write_reason(task), None)) + DONE
        where = "" if self._begun else f"Task {task.task_id} is accepted; {TASKS}/{task.task_id} tells of it too.\n"
        return self._chunk(told, reasoning=f"{where}Progress: {task.progress:.1f}%\n")

    def unfinished(self, told: Told[Record]) -> bytes:
        """No finish, which readers take for an end."""
        where = f"{TASKS}/{told.found.task.task_id}"
        return self._chunk(told, reasoning=f"It is still being made; ask {where} for it.\n") + DONE

    def broken(self, error: RelayError) -> bytes:
        """Nothing but the end of the stream: an error would be read as that of the task, which goes on."""
        return DONE

    def _chunk(
        self, told: Told[Record], content: str | None = None, reasoning: str | None = None, finish: str | None = None
    ) -> bytes:
        role = {} if self._begun else {"role": "assistant"}
        self._begun = True
        delta = {**role, "content": content, "reasoning_content": reasoning, "tool_calls": None}
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "native_finish_reason": finish}
        ended = {"completion_tokens": 1, "total_tokens": 1} if finish else {}
        return _event(
            {
                "id": f"chatcmpl-{told.found.task.task_id}",
                "object": "chat.completion.chunk",
                "created": told.now // 1000,
                "model": "sora",
                "choices": [choice],
                "usage": {"prompt_tokens": 0, **ended},
            }
        )


def _event(document: Json) -> bytes:
    return b"data: " + compact(document) + b"\n\n"
