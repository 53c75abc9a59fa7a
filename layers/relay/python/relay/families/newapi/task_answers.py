"""Reading the document of `task_documents`, which relays like this one answer with."""

from __future__ import annotations

from collections.abc import Callable

from relay.families.newapi.answers import read_error, refusal
from relay.families.newapi.task_documents import STATES
from relay.families.newapi.words import FAULTS
from relay.families.reading import MAX_CODE, Record, as_id, as_number, as_object, as_text
from relay.families.refusals import POLICY, speaks_of_policy
from relay.nouns.errors import Unreadable
from relay.nouns.faults import Fault
from relay.nouns.task import FAULTS as ENDS
from relay.nouns.task import TERMINAL, Observation, State
from relay.nouns.wire import Answer

_CODES = {code: canonical for canonical, code in FAULTS.items()}
Complete = Callable[[Observation, Record], Observation]  # a success with what its document holds of the outcome


def read_accepted_task(answer: Answer, complete: Complete) -> Observation:
    """The accepted job, or its end. Raises Refused, UnknownOutcome."""
    document = as_object(answer.body)
    job = as_id(document.get("id"))
    if not 200 <= answer.status < 300 or job is None:
        raise refusal(answer)
    seen = _read_document(document, job, complete)
    return Observation(State.QUEUED, job) if seen is None or seen.state not in TERMINAL else seen


def read_task_document(answer: Answer, complete: Complete) -> Observation:
    document = as_object(answer.body)
    seen = _read_document(document, as_id(document.get("id")), complete) if 200 <= answer.status < 300 else None
    if seen is None:
        raise Unreadable(f"the upstream answered HTTP {answer.status} and no task")
    return seen


def _read_document(document: Record, job: str | None, complete: Complete) -> Observation | None:
    """How a task stands; None where it does not say."""
    word, progress = as_text(document.get("status"), MAX_CODE), as_number(document.get("progress"))
    if not word:
        return None
    state, percent = STATES.get(word.lower()), min(max(progress or 0.0, 0.0), 100.0)
    if state is None:
        return Observation(State.PROCESSING, job, percent, unknown_word=word)
    if state is State.SUCCEEDED:
        return complete(Observation(state, job, 100.0), document)
    return Observation(state, job, percent, fault=_fault(document, state) if state in TERMINAL else None)


def _fault(document: Record, state: State) -> Fault:
    code, words = read_error({"error": document.get("error")})
    return Fault(POLICY if speaks_of_policy(words) else _CODES.get(code, ENDS[state].code), words, code)
