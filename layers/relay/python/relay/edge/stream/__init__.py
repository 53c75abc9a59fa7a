"""The stream endpoint: an ASGI application for calls that hold the line open. As yet it serves no path."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse


async def _unknown(request: Request, _: Exception) -> JSONResponse:
    return JSONResponse({"error": {"code": "NOT_FOUND", "message": f"no such endpoint: {request.url.path}"}}, 404)


app = Starlette(exception_handlers={404: _unknown})
