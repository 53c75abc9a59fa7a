"""What all of the family's APIs share on both sides."""

from __future__ import annotations

from typing import Literal

FAMILY = "kie"
LANGUAGE: Literal["en"] = "en"
