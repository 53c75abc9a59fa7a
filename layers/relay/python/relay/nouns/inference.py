"""Calls to language models, answered on the open line: what is asked, what was used, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from relay.nouns.wire import Json

MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a call used. `input` and `output` are paid in full; `cached` were read from the upstream's cache of earlier
    prompts, `written` are put there."""

    input: int = 0
    output: int = 0
    cached: int = 0
    written: int = 0

    def after(self, earlier: Tokens) -> Tokens:
        """What is known of a call that told of itself before: of the output the larger figure, for it only grows; of
        the prompt what says more of it, all from one of them, for a later one may divide it otherwise."""
        prompt = self if self.prompt >= earlier.prompt else earlier
        return replace(prompt, output=max(self.output, earlier.output))

    @property
    def prompt(self) -> int:
        return self.input + self.cached + self.written

    @property
    def total(self) -> int:
        return self.prompt + self.output


@dataclass(frozen=True, slots=True)
class Rates:
    """Nanos of the catalog's currency for a million tokens of each sort."""

    input: int
    output: int
    cached: int
    written: int

    def cost(self, used: Tokens) -> int:
        """Nanos, half up below one."""
        whole = used.input * self.input + used.output * self.output
        whole += used.cached * self.cached + used.written * self.written
        return (whole + MILLION // 2) // MILLION

    def most(self, used: Tokens) -> int:
        """What these tokens cost at most, whatever the upstream's cache does with the prompt."""
        dearest = max(self.input, self.cached, self.written)
        return self.cost(used) + -(-used.input * (dearest - self.input) // MILLION)


@dataclass(frozen=True, slots=True)
class Inference:
    """One call as a client asked for it.

    `document` is its body in the terms of its `shape`, which is also the platform word of its menu; `model` is what is
    sold, `said` the client's name for it. `estimate` is the most it can use, as far as it says: its output is bounded
    by the request or by the model. `shows_usage`: the stream tells what was used. `shows_cost`: the client asked what
    the call costs.
    """

    dialect: str
    shape: str
    model: str
    said: str
    document: Mapping[str, Json]
    estimate: Tokens
    streamed: bool = False
    shows_usage: bool = True
    shows_cost: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)  # of the request, that the upstream is sent as well


@dataclass(frozen=True, slots=True)
class Bill:
    """What a call used and what is charged for it, in nanos and in US dollars. `final`: nothing more comes of it."""

    used: Tokens
    cost: int
    usd: float
    final: bool = True
