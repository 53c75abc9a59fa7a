"""Owns the one way faults are asked for: by plan, by rule, by marker in a prompt, or by chance."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import get_args

from local.upstreams.fault_table import ALIASES, FAULTS, Door

_MARKER = re.compile(
    r"\[\[(?:(?P<upstream>kie|relay)/)?(?:(?P<door>[a-z]+):)?(?P<name>[a-z0-9-]+)(?:=(?P<number>\d+(?:\.\d+)?))?\]\]"
)


class UnknownFault(ValueError):
    """A marker or plan that names a fault no door has."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong; `number` is read as the fault's unit says."""

    name: str
    number: float | None = None

    @classmethod
    def read(cls, door: Door, text: str) -> Fault:
        """From "hang" or "hang=2"; raises UnknownFault with the names this door knows."""
        name, _, number = text.partition("=")
        if name not in FAULTS[door]:
            raise UnknownFault(f"no fault {name!r} at {door}; known: {', '.join(sorted(FAULTS[door]))}")
        return cls(name, float(number) if number else None)


@dataclass(frozen=True)
class Visit:
    """One passage through one door: the `number`-th (from 0) with this prompt, or with this task."""

    upstream: str
    door: Door
    api: str
    prompt: str
    task_id: str = ""
    number: int = 0


Spec = Fault | str | None
Rule = Callable[[Visit], Spec]


def read_markers(upstream: str, prompt: str) -> dict[Door, list[Fault]]:
    """Faults a prompt asks this upstream for; text in double brackets that names none is left alone.

    Raises UnknownFault when a door is named, for then a fault was surely meant.
    """
    found: dict[Door, list[Fault]] = defaultdict(list)
    for match in _MARKER.finditer(prompt):
        if match["upstream"] not in (None, upstream):
            continue
        door_name, name = match["door"], match["name"]
        if door_name is None:
            if name not in ALIASES:
                continue
            door_name, name = ALIASES[name].split(":")
        door = read_door(door_name)
        text = name if match["number"] is None else f"{name}={match['number']}"
        found[door].append(Fault.read(door, text))
    return found


def read_door(name: str) -> Door:
    """Raises UnknownFault for a word that is no door."""
    for door in get_args(Door):
        if door == name:
            return name  # type: ignore[return-value]  # the comparison above is the proof
    raise UnknownFault(f"no door {name!r}; known: {', '.join(get_args(Door))}")


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
            self._planned: dict[Door, deque[Fault | None]] = defaultdict(deque)
            self._rules: list[tuple[Door, Rule]] = []
            self._odds: dict[Door, list[tuple[Fault, float]]] = {}
            self._seed: int | str = 0

    def plan(self, door: Door, specs: Iterable[Spec] | Rule) -> None:
        """The next visits to `door` meet these, one each; None lets a visit pass. A callable decides every visit."""
        if callable(specs):
            self._rules.append((read_door(door), specs))
            return
        faults = [_fault(door, spec) for spec in specs]
        with self._lock:
            self._planned[door].extend(faults)

    def chaos(self, seed: int | str, odds: Mapping[Door, Mapping[str, float]]) -> None:
        """Probabilities per door and fault, as {"callback": {"lost": 0.1, "delay=0.5": 0.1}}.

        A visit's fate depends on seed, prompt and number only, so threads and timing do not change it.
        """
        self._odds = {
            read_door(door): [(Fault.read(door, spec), chance) for spec, chance in chances.items()]
            for door, chances in odds.items()
        }
        self._seed = seed

    def at(self, visit: Visit) -> Fault | None:
        """The fault this visit meets, if any."""
        with self._lock:
            if self._planned[visit.door]:
                return self._planned[visit.door].popleft()
        for door, rule in self._rules:
            fault = _fault(door, rule(visit)) if door == visit.door else None
            if fault is not None:
                return fault
        return self._marked(visit) or self._drawn(visit)

    def _marked(self, visit: Visit) -> Fault | None:
        left = visit.number
        for fault in read_markers(visit.upstream, visit.prompt).get(visit.door, []):
            if FAULTS[visit.door][fault.name] != "times" or fault.number is None or left < fault.number:
                return fault
            left -= int(fault.number)
        return None

    def _drawn(self, visit: Visit) -> Fault | None:
        # Not the task id, which is new in each run: the same seed must mean the same day.
        chance = Random(f"{self._seed}/{visit.upstream}/{visit.door}/{visit.prompt!a}/{visit.number}").random()
        for fault, odds in self._odds.get(visit.door, []):
            if chance < odds:
                return fault
            chance -= odds
        return None


def _fault(door: Door, spec: Spec) -> Fault | None:
    if spec is None:
        return None
    return Fault.read(door, spec) if isinstance(spec, str) else Fault.read(door, spec.name) and spec
