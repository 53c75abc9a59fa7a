"""Owns one running stack: the embedded cloud, the functions and the HTTP gateway of a template, tied together."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from local.cloud import Cloud
from local.deployment import deploy, function_specs
from local.front import Front, patterns_of
from local.gateway import Gateway
from local.routing import routes_of
from local.runtime import Fleet
from local.template import Transformed, Transforming
from local.worker import failure

_NOTHING: Mapping[str, str] = MappingProxyType({})

Parameters = Mapping[str, str] | Callable[[str], Mapping[str, str]]


class FunctionError(RuntimeError):
    """A handler failed; `kind` is the name of its exception class, as Retry and Catch match it."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind


class Stack:
    """A template that is running; open one per process at a time, since the emulator is global state.

    `parameters` may be a function of the gateway's own URL. `secrets` become SecureString parameters unless they
    exist, `renewed` ones at every start. Without `state_dir` nothing is kept. With it a kill loses no row and no object
    that was answered for, and at most `save_every` seconds of all else: queued messages, running workflows, parameters.
    """

    url: str
    aws_url: str
    outputs: Mapping[str, str]
    ids: Mapping[str, str]

    def __init__(
        self,
        template: Path,
        *,
        parameters: Parameters = _NOTHING,
        secrets: Mapping[str, str] = _NOTHING,
        renewed: Mapping[str, str] = _NOTHING,
        state_dir: Path | None = None,
        port: int = 0,
        log: Callable[[str], None] = print,
        save_every: float = 5.0,
    ) -> None:
        """Start everything and return when requests are answered."""
        self._ready = threading.Event()
        self._fleet: Fleet | None = None
        self._gateway = Gateway(port)
        self._cloud: Cloud | None = None
        self.url = self._gateway.url
        values = parameters(self.url) if callable(parameters) else parameters
        transforming = Transforming(template, values)
        try:
            self._cloud = Cloud(state_dir, self._execute, save_every)
            self.aws_url = self._cloud.url
            self._put_secrets(secrets, overwrite=False)
            self._put_secrets(renewed, overwrite=True)
            self._start(self._cloud, transforming.result(), values, log)
        except BaseException:
            transforming.cancel()
            self.close()
            raise

    def _start(
        self, cloud: Cloud, template: Transformed, parameters: Mapping[str, str], log: Callable[[str], None]
    ) -> None:
        deployed = deploy(cloud, template, parameters)
        cloud.save()
        self.outputs, self.ids = deployed.outputs, deployed.ids
        specs = function_specs(cloud, template, self.ids)
        self._fleet = Fleet(specs, cloud.worker_environment(), log)
        self._ready.set()
        functions = {logical: self.ids[logical] for logical in template.code if logical in self.ids}
        web = self._fleet.web
        front = Front(patterns_of(template.cloudformation), web) if web else None
        self._gateway.serve(routes_of(template.cloudformation, functions), self._fleet.invoke, front)

    def _put_secrets(self, secrets: Mapping[str, str], *, overwrite: bool) -> None:
        ssm = self.client("ssm")
        for name, value in secrets.items():
            try:
                ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=overwrite)
            except ssm.exceptions.ParameterAlreadyExists:
                continue  # made at an earlier start: data encrypted or signed with it must stay readable

    def _execute(self, function: str, event: object) -> tuple[Any, bool]:
        # A queue with messages from last time asks for its function before the functions are there.
        self._ready.wait()
        if self._fleet is None:
            outcome = failure("ServiceException", "the stack is closing")
        else:
            outcome = self._fleet.invoke(function, json.dumps(event).encode())
        return json.loads(outcome.payload or b"null"), outcome.error

    def client(self, service: str) -> Any:  # noqa: ANN401 (boto3 makes its clients at run time)
        """A boto3 client of the embedded cloud."""
        if self._cloud is None:
            raise RuntimeError("the stack is closed: open it again")
        return self._cloud.client(service)

    def invoke(self, name: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 (a handler answers any JSON)
        """Run a function by logical or physical name and return its answer; FunctionError if it failed."""
        answer, error = self._execute(self.ids.get(name, name), event)
        if error:
            raise FunctionError(answer.get("errorType", "Error"), answer.get("errorMessage", ""))
        return answer

    def welcome(self, text: str) -> None:
        """What a browser is shown at /, where the API itself has nothing."""
        self._gateway.front_page = text

    def warm(self) -> None:
        """Start one environment of every function, so that no first request pays for it."""
        if self._fleet is not None:
            self._fleet.warm()

    def close(self) -> None:
        """Kill the workers, save what is kept, and stop; safe to call twice."""
        self._gateway.close()
        fleet, self._fleet = self._fleet, None
        self._ready.set()
        if fleet is not None:
            fleet.close()
        cloud, self._cloud = self._cloud, None
        if cloud is not None:
            cloud.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
