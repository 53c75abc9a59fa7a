"""How we speak to upstreams: the base every provider fills in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from relay.nouns.catalog import Source
from relay.nouns.draft import Draft
from relay.nouns.task import Observation
from relay.nouns.wire import Answer, Call, Inbound


@dataclass(frozen=True, slots=True)
class Account:
    """Ours at one upstream: where it is, the key, and the secret its callbacks are signed with, if it signs."""

    base_url: str
    key: str = field(repr=False)
    webhook_key: str | None = field(default=None, repr=False)


class Provider(ABC):
    """A pure translator between our nouns and one upstream family's wire.

    `api` names one of several APIs under the same family (KIE's gpt4o-image, market, veo, suno); it comes from
    the source and is kept on the task. Empty where the family has only one.
    """

    family: ClassVar[str]

    def __init__(self, account: Account) -> None:
        self.account = account

    @abstractmethod
    def write_submit(self, draft: Draft, source: Source, callback_url: str | None) -> Call: ...

    @abstractmethod
    def read_submit(self, answer: Answer, api: str) -> Observation:
        """The accepted job, with its id. Raises Refused for a certain no, UnknownOutcome for the unreadable."""

    @abstractmethod
    def write_query(self, upstream_task_id: str, api: str, platform: str) -> Call: ...

    @abstractmethod
    def read_query(self, answer: Answer, api: str) -> Observation:
        """How the job stands. Raises Unreadable where the answer tells nothing."""

    def read_callback(self, inbound: Inbound, now: int) -> str | None:
        """The upstream's task id a callback speaks of, or None where it does not say. `now` is Unix seconds.

        A callback is a hint to ask; whatever else it holds is not read. Raises Forbidden for a bad signature
        where the family signs, BadInput for a body that cannot be read. Families without callbacks keep this.
        """
        return None
