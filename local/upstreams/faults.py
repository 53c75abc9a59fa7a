"""Owns the one way faults are asked for: by plan, by rule, by marker in a prompt, or by chance."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import get_args

from local.upstreams.fault_table import ALIASES, FAULTS, Endpoint

_MARKER = re.compile(
    r"\[\[(?:(?P<upstream>[a-z0-9]+)/)?(?:(?P<endpoint>[a-z]+):)?(?P<name>[a-z0-9-]+)(?:=(?P<number>\d+(?:\.\d+)?))?\]\]"
)


class UnknownFault(ValueError):
    """A marker or plan that names a fault no endpoint has."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong; `number` is read as the fault's unit says."""

    name: str
    number: float | None = None

    @classmethod
    def read(cls, endpoint: Endpoint, text: str) -> Fault:
        """From "hang" or "hang=2"; raises UnknownFault with the names this endpoint knows."""
        name, _, number = text.partition("=")
        if name not in FAULTS[endpoint]:
            raise UnknownFault(f"no fault {name!r} at {endpoint}; known: {', '.join(sorted(FAULTS[endpoint]))}")
        return cls(name, float(number) if number else None)


@dataclass(frozen=True)
class Visit:
    """One passage through one endpoint: the `number`-th (from 0) with this prompt, or with this task."""

    upstream: str
    endpoint: Endpoint
    api: str
    prompt: str
    task_id: str = ""
    number: int = 0


Spec = Fault | str | None
Rule = Callable[[Visit], Spec]


def read_markers(upstream: str, prompt: str) -> dict[Endpoint, list[Fault]]:
    """Faults a prompt asks this upstream for; text in double brackets that names none is left alone.

    Raises UnknownFault when an endpoint is named, for then a fault was surely meant.
    """
    found: dict[Endpoint, list[Fault]] = defaultdict(list)
    for match in _MARKER.finditer(prompt):
        if match["upstream"] not in (None, upstream):
            continue
        endpoint_name, name = match["endpoint"], match["name"]
        if endpoint_name is None:
            if name not in ALIASES:
                continue
            endpoint_name, name = ALIASES[name].split(":")
        endpoint = read_endpoint(endpoint_name)
        text = name if match["number"] is None else f"{name}={match['number']}"
        found[endpoint].append(Fault.read(endpoint, text))
    return found


def read_endpoint(name: str) -> Endpoint:
    """Raises UnknownFault for a word that is no endpoint."""
    for endpoint in get_args(Endpoint):
        if endpoint == name:
            return name  # type: ignore[return-value]  # the comparison above is the proof
    raise UnknownFault(f"no endpoint {name!r}; known: {', '.join(get_args(Endpoint))}")


class Faults:
    """The faults of one simulator: planned first, then by rule, then by marker, then by chance.

    Safe to plan from a test's thread while the server's thread is asking.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Forgets every plan, rule and chance; markers in prompts still work."""
        with self._lock:
            self._planned: dict[Endpoint, deque[Fault | None]] = defaultdict(deque)
            self._rules: list[tuple[Endpoint, Rule]] = []
            self._odds: dict[Endpoint, list[tuple[Fault, float]]] = {}
            self._seed: int | str = 0

    def plan(self, endpoint: Endpoint, specs: Iterable[Spec] | Rule) -> None:
        """The next visits to `endpoint` meet these, one each; None lets a visit pass. A callable decides every one."""
        if callable(specs):
            self._rules.append((read_endpoint(endpoint), specs))
            return
        faults = [_fault(endpoint, spec) for spec in specs]
        with self._lock:
            self._planned[endpoint].extend(faults)

    def chaos(self, seed: int | str, odds: Mapping[Endpoint, Mapping[str, float]]) -> None:
        """Probabilities per endpoint and fault, as {"callback": {"lost": 0.1, "delay=0.5": 0.1}}.

        A visit's fault depends on seed, prompt and number only, so threads and timing do not change it.
        """
        self._odds = {
            read_endpoint(endpoint): [(Fault.read(endpoint, spec), chance) for spec, chance in chances.items()]
            for endpoint, chances in odds.items()
        }
        self._seed = seed

    def at(self, visit: Visit) -> Fault | None:
        """The fault this visit meets, if any."""
        with self._lock:
            if self._planned[visit.endpoint]:
                return self._planned[visit.endpoint].popleft()
        for endpoint, rule in self._rules:
            fault = _fault(endpoint, rule(visit)) if endpoint == visit.endpoint else None
            if fault is not None:
                return fault
        return self._marked(visit) or self._drawn(visit)

    def _marked(self, visit: Visit) -> Fault | None:
        left = visit.number
        for fault in read_markers(visit.upstream, visit.prompt).get(visit.endpoint, []):
            if FAULTS[visit.endpoint][fault.name] != "times" or fault.number is None or left < fault.number:
                return fault
            left -= int(fault.number)
        return None

    def _drawn(self, visit: Visit) -> Fault | None:
        # Not the task id, which is new in each run: the same seed must bring the same faults.
        chance = Random(f"{self._seed}/{visit.upstream}/{visit.endpoint}/{visit.prompt!a}/{visit.number}").random()
        for fault, odds in self._odds.get(visit.endpoint, []):
            if chance < odds:
                return fault
            chance -= odds
        return None


def _fault(endpoint: Endpoint, spec: Spec) -> Fault | None:
    if spec is None:
        return None
    return Fault.read(endpoint, spec) if isinstance(spec, str) else Fault.read(endpoint, spec.name) and spec
