"""What the relay uses of Stripe's API: its paths, keys, idempotency and errors. Nothing here does I/O."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from local.stripe.book import Book, Object
from local.stripe.forms import read_form
from local.stripe.refusals import Refusal, bad_key
from local.stripe.webhooks import Webhooks, shown
from relay.nouns.wire import Answer, Call, Json, compact

KEY = "sk_test_EXAMPLE0simulated0stripe"
KEPT = 24 * 3600  # seconds for which the answer to an idempotency key is repeated

_Fault = Callable[[Callable[[], Answer]], Answer]  # is given the work, and may do it or not


_DOWN = Answer(500, compact({"error": {"type": "api_error", "message": "not now"}}))


class Lost(Exception):
    """The answer does not arrive."""


@dataclass(frozen=True)
class _Kept:
    method: str
    path: str
    form: Mapping[str, Json]
    answer: Answer
    at: float


@dataclass
class Api:
    """One account at Stripe. `faults` are used up by the requests that create or change, first come first served."""

    clock: Callable[[], float]
    key: str = KEY
    webhooks: Webhooks = field(init=False)
    book: Book = field(init=False)
    unreadable: int = 0  # questions that are answered 500
    faults: list[_Fault] = field(default_factory=list)
    calls: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, idempotency key
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.webhooks = Webhooks(self.clock)
        self.book = Book(self.clock, self.webhooks.tell)

    def answer(self, call: Call) -> Answer:
        """Raises Lost where a fault has the answer not arrive."""
        with self.lock:
            try:
                answer = self._answer(call)
            except Refusal as refusal:
                answer = Answer(refusal.status, compact(refusal.document))
        number = {"request-id": f"req_{next(self._numbers):014}", "content-type": "application/json"}
        return Answer(answer.status, answer.body, {**number, **answer.headers})

    def _answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != f"Bearer {self.key}":
            raise bad_key()
        url = urlsplit(call.url)
        path = url.path[url.path.index("/v1/") :] if "/v1/" in url.path else url.path
        idempotency_key = call.headers.get("idempotency-key", "")
        self.calls.append((call.method, path, idempotency_key))
        if call.method == "GET" and self.unreadable:
            self.unreadable -= 1
            return _DOWN
        if call.method == "GET":
            return self._done("GET", path, read_form(url.query))
        work = self._once(idempotency_key, path, read_form(call.body.decode()))
        return self.faults.pop(0)(work) if self.faults else work()

    def _once(self, key: str, path: str, form: Mapping[str, Json]) -> Callable[[], Answer]:
        def work() -> Answer:
            kept = self._kept.get(key)
            if kept and self.clock() - kept.at <= KEPT:
                if (kept.path, kept.form) != (path, form):
                    raise Refusal(400, "idempotency_error", "This key was used with other parameters.")
                return Answer(kept.answer.status, kept.answer.body, {"idempotent-replayed": "true"})
            try:
                answer = self._done("POST", path, form)
            except Refusal as refusal:
                if not refusal.began:
                    raise
                answer = Answer(refusal.status, compact(refusal.document))
            if key:
                self._kept[key] = _Kept("POST", path, form, answer, self.clock())
            return answer

        return work

    def _done(self, method: str, path: str, form: Mapping[str, Json]) -> Answer:
        for (verb, pattern), act in _PATHS.items():
            found = re.fullmatch(pattern, path)
            if found and verb == method:
                made = act(self.book, *found.groups(), form)
                return Answer(200, compact(self._expanded(made, form.get("expand", []))))
        raise Refusal(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")

    def _expanded(self, made: Object, names: list[str]) -> Json:
        told = deepcopy(shown(made))
        for name in names:
            if told.get(name):
                told[name] = deepcopy(shown(self.book.objects[told[name]]))
        return told


_ID = r"([a-z_]+[0-9A-Za-z]+)"
_PATHS: Mapping[tuple[str, str], Callable[..., Object]] = {
    ("POST", "/v1/customers"): lambda book, form: book.create_customer(form),
    ("GET", f"/v1/customers/{_ID}"): lambda book, object_id, form: book.get("customer", object_id),
    ("POST", "/v1/checkout/sessions"): lambda book, form: book.create_session(form),
    ("GET", f"/v1/checkout/sessions/{_ID}"): lambda book, object_id, form: book.get("checkout.session", object_id),
    ("POST", f"/v1/checkout/sessions/{_ID}/expire"): lambda book, object_id, form: book.expire(object_id),
    ("POST", "/v1/payment_intents"): lambda book, form: book.create_intent(form),
    ("GET", "/v1/payment_intents"): lambda book, form: book.list_intents(form),
    ("GET", f"/v1/payment_intents/{_ID}"): lambda book, object_id, form: book.get("payment_intent", object_id),
}


def lost_before(work: Callable[[], Answer]) -> Answer:
    """A fault: the request does not arrive."""
    raise Lost


def lost_after(work: Callable[[], Answer]) -> Answer:
    """A fault: the work is done, and its answer does not arrive."""
    work()
    raise Lost


def refused(work: Callable[[], Answer]) -> Answer:
    """A fault: Stripe reads such a request no more."""
    told = {"type": "invalid_request_error", "code": "parameter_unknown", "message": "not read here", "param": "x"}
    return Answer(400, compact({"error": told}))


def down(work: Callable[[], Answer]) -> Answer:
    """A fault: Stripe answers 500 and has done nothing."""
    return _DOWN
