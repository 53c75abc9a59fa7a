"""Developers' rows: in the directory table logins by e-mail address, sessions, and counts of tries; beside an account
what its developer told of themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from relay.effects.store.accounts import account_item
from relay.effects.store.codec import Expression, pack, unpack
from relay.effects.store.table import LostRace, Tables, put_if_absent

DEVELOPER = "DEVELOPER"  # sort key of an account's row in the accounts table


class EmailTaken(Exception):
    """There is a login with this e-mail address."""


class TokenUsed(Exception):
    """A session was asked for with a token that is not its current one: somebody has used that before."""


@dataclass(frozen=True, slots=True)
class Login:
    account_id: str
    password: str  # its hash
    places: tuple[str, ...] = ()  # digests of where it came from lately


@dataclass(frozen=True, slots=True)
class DeveloperRow:
    """What a developer told of themselves; `created_at` is Unix ms."""

    account_id: str
    email: str
    name: str
    company: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Logins:
    tables: Tables

    def register(self, row: DeveloperRow, password: str, tier: int) -> None:
        """A login, its account and its developer, or none of them. Raises EmailTaken."""
        login = {"lookup": f"login#{row.email}", "account_id": row.account_id, "password": password}
        told = {name: getattr(row, name) for name in DeveloperRow.__slots__} | {"sk": DEVELOPER}
        try:
            self.tables.transact(
                put_if_absent(self.tables.directory, _packed(login), "lookup"),
                put_if_absent(self.tables.accounts, account_item(row.account_id, row.name, tier), "sk"),
                put_if_absent(self.tables.accounts, _packed(told), "sk"),
            )
        except LostRace as lost:
            if not lost.refused(0):
                raise  # an account has this id
            raise EmailTaken from lost

    def find(self, email: str) -> Login | None:
        found = self.tables.get(
            TableName=self.tables.directory, Key={"lookup": pack(f"login#{email}")}, ConsistentRead=True
        )
        row = unpack(found) if found else None
        return Login(row["account_id"], row["password"], tuple(json.loads(row.get("places", "[]")))) if row else None

    def keep(self, email: str, seen: Login, login: Login) -> None:
        """Put the hash and the places of a login. Raises LostRace where it has another hash by now."""
        put = {"password": login.password, "places": login.places}
        self._change(f"login#{email}", put, {"password": seen.password})

    def developer(self, account_id: str) -> DeveloperRow | None:
        """None for an account that an operator opened."""
        key = {"account_id": pack(account_id), "sk": pack(DEVELOPER)}
        found = self.tables.get(TableName=self.tables.accounts, Key=key, ConsistentRead=True)
        row = unpack(found) if found else {}
        return DeveloperRow(**{name: row[name] for name in DeveloperRow.__slots__}) if row else None

    # --- sessions: one row each, which holds the digest of the only token that goes on with it --------------------

    def begin_session(self, session: str, account_id: str, token: str, until: int) -> None:
        """`session` and `token` are digests, `until` is Unix seconds."""
        row = {"lookup": f"refresh#{session}", "account_id": account_id, "token": token, "until": until, "ttl": until}
        self.tables.put(TableName=self.tables.directory, Item=_packed(row))

    def renew_session(self, session: str, old: str, new: str, now: int, until: int) -> str | None:
        """Put a new token in the place of the current one: the account, or None where there is no such session.

        Raises TokenUsed.
        """
        try:
            return self._change(
                f"refresh#{session}", {"token": new, "until": until, "ttl": until}, {"token": old}, after=now
            )
        except LostRace as lost:
            row = unpack(lost.row(0))
            if row and row["until"] > now:
                raise TokenUsed from lost
            return None

    def end_session(self, session: str) -> None:
        """From now on no token of it is good; nothing where there is none."""
        expression = Expression()
        update = expression.update(put={"until": 0})
        try:
            self.tables.update(
                TableName=self.tables.directory,
                Key={"lookup": pack(f"refresh#{session}")},
                UpdateExpression=update,
                ConditionExpression="attribute_exists(lookup)",
                **expression.arguments,
            )
        except LostRace:
            return

    def session_of(self, session: str, now: int) -> str | None:
        """The account of a session that has not ended."""
        found = self.tables.get(
            TableName=self.tables.directory, Key={"lookup": pack(f"refresh#{session}")}, ConsistentRead=True
        )
        row = unpack(found) if found else {"until": 0}
        return str(row["account_id"]) if row["until"] > now else None

    # --- tries ------------------------------------------------------------------------------------------------------

    def count_try(self, what: str, ttl: int, add: int = 1) -> int:
        """Count one more try, or take one back; how many that makes. `ttl` is Unix seconds."""
        expression = Expression()
        update = expression.update(put={"ttl": ttl}, add={"tries": add})
        told = self.tables.update(
            TableName=self.tables.directory,
            Key={"lookup": pack(f"tries#{what}")},
            UpdateExpression=update,
            ReturnValues="UPDATED_NEW",
            **expression.arguments,
        )
        return int(unpack(told)["tries"])

    def _change(self, lookup: str, put: Mapping[str, object], seen: Mapping[str, object], after: int = 0) -> str:
        """Change a row of the directory that is as it was seen, and was to end later than `after`; its account."""
        expression = Expression()
        update = expression.update(put=put)
        wanted = [expression.equals(name, value) for name, value in seen.items()]
        wanted += [f"{expression.name('until')} > {expression.value(after)}"] if after else []
        told = self.tables.update(
            TableName=self.tables.directory,
            Key={"lookup": pack(lookup)},
            UpdateExpression=update,
            ConditionExpression=" AND ".join(wanted),
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **expression.arguments,
        )
        return str(unpack(told)["account_id"])


def _packed(row: Mapping[str, object]) -> dict[str, object]:
    return {name: pack(value) for name, value in row.items()}
