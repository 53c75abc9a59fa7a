"""How a simulator refuses: one exception, and handlers that keep every error of an app in its family's shape."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

logger = logging.getLogger("local.upstreams")


class Refused(Exception):
    """A request this family answers with its own error; `code` is the family's, `status` is HTTP's."""

    def __init__(self, code: int | str, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def error_handlers(write: Callable[[Refused], Response], not_found: Refused, broken: Refused) -> dict[Any, Any]:
    """Handlers that keep every error of an app in its family's shape."""

    async def refused(_: Request, error: Exception) -> Response:
        return write(error if isinstance(error, Refused) else not_found)

    async def crashed(_: Request, error: Exception) -> Response:
        logger.error("a simulator failed", exc_info=error)
        return write(broken)

    return {Refused: refused, HTTPException: refused, Exception: crashed}
