"""Runs the real `ops` commands against a stack of the template's tables in moto."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.__main__ import main
from ops.deployment import Deployment
from ops.targets import Target
from tests.functional.aws_fakes import create_table
from tests.functional.harness import REGION

STACK = "genrelay-test"
TABLES = ("TasksTable", "AccountsTable", "DirectoryTable")
KMS_KEY = f"arn:aws:kms:{REGION}:123456789012:key/11111111-2222-4333-8444-555555555555"


@dataclass(frozen=True)
class CommandResult:
    """What a command printed and ended with."""

    code: int
    out: str
    err: str


class TypedInput(io.StringIO):
    """Standard input as a pipe, or as a person's terminal."""

    def __init__(self, text: str, *, person: bool) -> None:
        super().__init__(text)
        self._person = person

    def isatty(self) -> bool:
        return self._person


class Operator:
    def __init__(self, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capture, self._patch = capture, patch

    def run(
        self, *words: str, where: tuple[str, ...] = ("--stack", STACK), typed: str = "", person: bool = False
    ) -> CommandResult:
        self._patch.setattr(sys, "stdin", TypedInput(typed, person=person))
        self._capture.readouterr()
        try:
            code = main([*where, *words], find=lambda stack: Target(self.deployment, {}, _connect))
        except SystemExit as ended:
            code = int(str(ended.code))
        printed = self._capture.readouterr()
        return CommandResult(code, printed.out, printed.err)

    def succeeds(self, *words: str, typed: str = "") -> str:
        said = self.run(*words, typed=typed)
        assert (said.code, said.err) == (0, ""), said
        return said.out

    def refuses(self, code: int, *words: str, **how: Any) -> str:
        """What a command says on standard error where it does nothing."""
        said = self.run(*words, **how)
        assert (said.code, said.out) == (code, ""), said
        assert "Traceback" not in said.err
        assert "unexpected" not in said.err
        return said.err

    def opens_account(self, *words: str) -> dict[str, str]:
        """A new account: account, API key, key id, webhook secret."""
        lines = self.succeeds("account-create", *(words or ("a customer",))).splitlines()
        return {line[:15].strip(): line[15:].split()[0] for line in lines}

    @property
    def deployment(self) -> Deployment:
        outputs = {name: name for name in TABLES} | {"SecretsPrefix": "/genrelay/test", "SecretsKeyArn": KMS_KEY}
        return Deployment.over(outputs, _connect)


@contextmanager
def operator(capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> Iterator[Operator]:
    patch.setenv("COLUMNS", "80")
    with mock_aws():
        for table in TABLES:
            create_table(_connect("dynamodb"), table)
        yield Operator(capture, patch)


@cache
def _connect(service: str) -> Any:
    return boto3.Session(region_name=REGION).client(service)
