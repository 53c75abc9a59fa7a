"""What a simulated upstream serves: a path, and what answers there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal, NamedTuple

from relay.families.dialect import AnyRoute
from relay.nouns.wire import Inbound, Reply

IMAGE_HOST = "/image-host"  # what stands before the paths of an upstream's image host
Verb = Literal["submit", "query", "cancel", "upload"]
VERBS: Mapping[str, Verb] = {
    "create": "submit",
    "answer": "submit",
    "cancel": "cancel",
    "upload": "upload",
}  # by the use case


class Path(NamedTuple):
    """A path an upstream serves; parameters stand in braces, `when` settles what several share."""

    method: str
    path: str
    answer: Callable[[Inbound], Reply]
    when: Callable[[Inbound], bool] | None = None
    verb: Verb = "query"

    @classmethod
    def of(cls, route: AnyRoute, answer: Callable[[Inbound], Reply]) -> Path:
        return cls(route.method, route.path, answer, route.when, VERBS.get(route.use.name, "query"))

    def match(self, asked: Inbound) -> Inbound | None:
        """The request with its path parameters, or None where it asks for something else."""
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path), asked.path)
        if found is None or self.method != asked.method:
            return None
        asked = replace(asked, params=found.groupdict())
        return asked if self.when is None or self.when(asked) else None
