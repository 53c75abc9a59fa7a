"""The shapes an aggregator serves: a row for each, and how each says what was used."""

from __future__ import annotations

from collections.abc import Mapping

from relay.families.chat import CHAT
from relay.families.inference import Shape

# Where clients POST; also what an upstream is asked at.
PATHS: Mapping[str, str] = {"chat": "/v1/chat/completions"}
SHAPES: Mapping[str, Shape] = {shape.name: shape for shape in (CHAT,)}
