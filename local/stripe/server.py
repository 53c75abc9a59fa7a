"""Serves the simulated Stripe on this machine: its API, the page that sessions are paid on, and its webhooks."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from local.server import Server
from local.sockets import address, listening
from local.stripe.api import Api, Lost
from local.stripe.refusals import Refusal
from local.upstreams import http
from local.upstreams.misbehave import Dropped, KeepTransport
from relay.nouns.wire import Call, Json

POST_SECONDS = 10.0
RETRIES = (0.5, 2.0, 5.0)  # seconds; Stripe goes on for three days
_PAGE = """<!doctype html><title>simulated Checkout</title><h1>{amount} {currency}</h1>
<form method="post"><button name="act" value="pay">Pay</button>
<button name="act" value="leave">Leave</button></form>"""


class StripeServer:
    """Serves from construction to `close`. Events are sent to `webhook_url`, each `copies` times; the next ones as many
    seconds late as `delays` says, first come first served, so that they overtake each other."""

    def __init__(self, port: int = 0, webhook_url: str = "") -> None:
        listener = listening(port)
        try:
            self.url = address(listener)
            self.api = Api(time.time)
            self.api.book.page = f"{self.url}/c/pay"
            self.webhook_url, self.copies = webhook_url, 1
            self.delays: list[float] = []
            self.statuses: list[int] = []  # what deliveries were answered, 0 for no answer
            self.api.webhooks.send = self._send
            self._loop: asyncio.AbstractEventLoop | None = None
            self._tasks: set[asyncio.Task[None]] = set()
            self._server = Server(KeepTransport(self._app()), listener)
        except BaseException:
            listener.close()
            raise

    def _app(self) -> Starlette:
        page = Route("/c/pay/{session_id}", self._page, methods=["GET", "POST"])
        return Starlette(routes=[page, Route("/{path:path}", self._serve, methods=["GET", "POST"])])

    def close(self) -> None:
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _serve(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self._loop = asyncio.get_running_loop()
        try:
            answer = self.api.answer(Call(request.method, str(request.url), headers, await request.body()))
        except Lost:
            return Dropped()
        return Response(answer.body, answer.status, dict(answer.headers))

    async def _page(self, request: Request) -> Response:
        """What a customer sees of a session: one button pays it, the other leaves it as it is."""
        self._loop = asyncio.get_running_loop()
        session_id = request.path_params["session_id"]
        try:
            session = self.api.book.get("checkout.session", session_id)
            if request.method == "GET":
                cents = session["amount_total"]
                return HTMLResponse(_PAGE.format(amount=f"{cents / 100:.2f}", currency=session["currency"]))
            if (await request.form()).get("act") == "leave":
                return RedirectResponse(session["cancel_url"] or session["success_url"], 303)
            self.api.book.pay(session_id)
        except Refusal as refusal:
            return HTMLResponse(str(refusal), refusal.status)
        return RedirectResponse(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id), 303)

    def _send(self, event: Json) -> None:
        """Deliver an event, from whichever thread it happens in."""
        if self.webhook_url and self._loop:
            delay = self.delays.pop(0) if self.delays else 0.0
            for _ in range(self.copies):
                self._loop.call_soon_threadsafe(self._spawn, event, delay)

    def _spawn(self, event: Json, delay: float) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(event, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, event: Json, delay: float) -> None:
        await asyncio.sleep(delay)
        for pause in (*RETRIES, 0.0):
            body, headers = self.api.webhooks.signed(event)
            try:
                status = await http.post(self.webhook_url, body, headers, POST_SECONDS)
            except http.Unreachable:
                status = 0
            self.statuses.append(status)
            if 200 <= status < 300:
                return
            await asyncio.sleep(pause)
