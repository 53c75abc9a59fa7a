"""AI Hub's developers: registering, logging in and staying logged in."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from relay.families.aihub.write import enveloped, instant
from relay.families.bodies import Body, printable, read_body, read_json
from relay.families.dialect import AnyRoute, Auth, Route, Told
from relay.families.uses import LOGIN, LOGOUT, REFRESH, REGISTER
from relay.nouns.catalog import Catalog
from relay.nouns.developer import Credentials, Developer, LoggedIn, Registration
from relay.nouns.wire import Inbound, Json, Reply

AUTH = "/api/v1/developer/auth"
Name = Annotated[str, Field(max_length=100), AfterValidator(printable)]


class _Login(Body):
    email: str
    password: str


class _Registration(_Login):
    name: Name
    company: Name | None = None


class _Refresh(Body):
    refresh_token: str


def read_registration(inbound: Inbound, catalog: Catalog) -> Registration:
    body = read_body(_Registration, read_json(inbound))
    return Registration(Credentials(body.email, body.password), body.name.strip(), (body.company or "").strip())


def read_login(inbound: Inbound, catalog: Catalog) -> Credentials:
    body = read_body(_Login, read_json(inbound))
    return Credentials(body.email, body.password)


def read_refresh(inbound: Inbound, catalog: Catalog) -> str:
    return read_body(_Refresh, read_json(inbound)).refresh_token


def write_registered(told: Told[Developer]) -> Reply:
    return enveloped({"developer": _developer(told.found)}, 201)


def write_logged_in(told: Told[LoggedIn]) -> Reply:
    found = told.found
    tokens = {"access_token": found.access_token, "token_type": "bearer", "expires_in": found.seconds}
    reply = enveloped({**tokens, "refresh_token": found.refresh_token, "developer": _developer(found.developer)})
    return Reply(reply.status, reply.body, reply.content_type, {"cache-control": "no-store"})


def write_logged_out(told: Told[None]) -> Reply:
    return enveloped({"logged_out": True})


def _developer(found: Developer) -> Json:
    return {
        "id": found.account_id,
        "email": found.email,
        "name": found.name,
        "company": found.company or None,
        "status": found.status,
        "plan_id": found.plan,
        "created_at": instant(found.created_at),
    }


ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", f"{AUTH}/register", REGISTER, read_registration, write_registered, Auth.OPEN),
    Route("POST", f"{AUTH}/login", LOGIN, read_login, write_logged_in, Auth.OPEN),
    Route("POST", f"{AUTH}/refresh", REFRESH, read_refresh, write_logged_in, Auth.OPEN),
    Route("POST", f"{AUTH}/logout", LOGOUT, read_refresh, write_logged_out, Auth.OPEN),
)
