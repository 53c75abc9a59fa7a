"""Reading what an account's owner asks: who they are, which token they mean, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, Field

from relay.families.bodies import Body, printable, read_body, read_json
from relay.families.dialect import Session
from relay.families.newapi.system.words import DISABLED, ENABLED, FIELDS, NEVER, left_in_quota, nanos_of
from relay.families.newapi.words import FAMILY
from relay.nouns.account_errors import NoSuchKey
from relay.nouns.catalog import Catalog
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.keys import KeyChange, KeyListing, KeyRequest, KeyStatus, KeyTerms, ListedKey
from relay.nouns.session_errors import NoSession
from relay.nouns.sold import catalog_name
from relay.nouns.wire import Inbound

MOST = 500_000_000_000_000  # units: a thousand million US dollars, as new-api bounds it
LAST = 253_402_300_799  # seconds: the end of the year 9999; more are milliseconds by mistake
MOST_TEXT = 20_000  # characters of a list of models
PAGE_SIZE, LARGEST_PAGE = 10, 100
SIZES = ("page_size", "size")
KEY_PREFIX = "sk-"  # tokens are shown and looked for without it
STATUSES: Mapping[int, KeyStatus] = {ENABLED: KeyStatus.ACTIVE, DISABLED: KeyStatus.DISABLED}

_ID = re.compile(r"[0-9]{1,10}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_BEARER = re.compile(r"(?:Bearer +)?([!-~]{8,4000}) *", re.IGNORECASE)


class _Token(Body):
    name: Annotated[str, Field(max_length=50), AfterValidator(printable)] | None = None
    expired_time: Annotated[int, Field(ge=NEVER, le=LAST)] | None = None
    remain_quota: Annotated[int, Field(ge=0, le=MOST)] | None = None
    unlimited_quota: bool | None = None
    model_limits_enabled: bool | None = None
    model_limits: Annotated[str, Field(max_length=MOST_TEXT)] | None = None
    allow_ips: str | None = None
    group: str | None = None


class _Changed(_Token):
    id: int


class _Status(Body):
    id: int
    status: Annotated[int, Field(ge=ENABLED, le=DISABLED)]


def read_session(inbound: Inbound) -> Session:
    """An access token, bare or as a bearer, and the number of the user that it is to belong to."""
    found = _BEARER.fullmatch(inbound.headers.get("authorization", ""))
    if found is None:
        raise NoSession("send an access token in Authorization", "请求头缺少有效的 Authorization")
    user = inbound.headers.get("new-api-user", "").strip()
    if not user:
        raise NoSession("send the user's number in New-Api-User", "请求头缺少 New-Api-User")
    return Session(found[1], user)


def read_page(inbound: Inbound, catalog: Catalog) -> KeyListing:
    """Page 0 is the first one, too; of a larger page than there is the largest comes."""
    name = next((each for each in SIZES if each in inbound.query), "size")
    size = min(LARGEST_PAGE, max(1, _number(inbound, name, PAGE_SIZE)))
    return KeyListing(max(1, _number(inbound, "p", 1)), size)


def read_search(inbound: Inbound, catalog: Catalog) -> KeyListing:
    """By a part of the name, and by the key or its beginning. All that is found, where no page is asked for."""
    token = inbound.query.get("token", "").strip()
    api_key = KEY_PREFIX + token.removeprefix(KEY_PREFIX) if token else ""
    page = read_page(inbound, catalog) if wants_page(inbound) else KeyListing(page_size=LARGEST_PAGE)
    return replace(page, named=inbound.query.get("keyword", "").strip(), api_key=api_key)


def wants_page(inbound: Inbound) -> bool:
    """Newer clients ask for a page of what is found, older ones read a list of it."""
    return not inbound.query.keys().isdisjoint(("p", *SIZES))


def read_id(inbound: Inbound, catalog: Catalog) -> str:
    said = inbound.params["id"]
    return _key_id(int(said) if _ID.fullmatch(said) else -1)


def read_token(inbound: Inbound, catalog: Catalog) -> KeyRequest:
    body = read_body(_Token, read_json(inbound))
    if body.name is None:
        raise MissingField("name")
    if body.remain_quota is None and not body.unlimited_quota:
        raise MissingField("remain_quota", " unless unlimited_quota is true", "，或将 unlimited_quota 设为 true")
    _refuse_addresses(body)
    end = NEVER if body.expired_time is None else body.expired_time
    terms = KeyTerms(models=_models(body, catalog) or (), expires_at=_end(end))
    budget = None if body.unlimited_quota else nanos_of(body.remain_quota or 0, catalog.usd)
    return KeyRequest(body.name.strip(), terms, budget, body.group or "", FIELDS)


def read_change(inbound: Inbound, catalog: Catalog) -> KeyChange:
    """What is not sent stays as it is."""
    document = read_json(inbound)
    if inbound.query.get("status_only"):
        status = read_body(_Status, document)
        return KeyChange(_key_id(status.id), lambda key: replace(key, status=STATUSES[status.status]))
    body = read_body(_Changed, document)
    _refuse_addresses(body)
    change = partial(_changed, body, _models(body, catalog), catalog)
    return KeyChange(_key_id(body.id), change, body.group or "", FIELDS)


def _changed(body: _Changed, models: tuple[str, ...] | None, catalog: Catalog, before: ListedKey) -> ListedKey:
    terms = before.terms
    if models is not None:
        terms = replace(terms, models=models)
    if body.expired_time is not None and body.expired_time != (terms.expires_at // 1000 or NEVER):
        terms = replace(terms, expires_at=_end(body.expired_time))
    name = before.name if body.name is None else body.name.strip()
    return replace(before, name=name, terms=terms, left=_left(body, catalog, before.left))


def _left(body: _Changed, catalog: Catalog, before: int | None) -> int | None:
    """What a token may spend from now on; of a budget that is sent as it was shown nothing is rounded off."""
    if body.unlimited_quota:
        return None
    if body.remain_quota is None:
        if before is None and body.unlimited_quota is False:
            raise MissingField("remain_quota", " where unlimited_quota is false", "（unlimited_quota 为 false 时）")
        return before
    shown = None if before is None else left_in_quota(before, catalog.usd)
    return before if shown == body.remain_quota else nanos_of(body.remain_quota, catalog.usd)


def _models(body: _Token, catalog: Catalog) -> tuple[str, ...] | None:
    """The catalog's names of the models a token is for; none where it is for all, None where nothing is said of it."""
    if body.model_limits_enabled is False:
        return ()
    names = [name for each in (body.model_limits or "").split(",") if (name := each.strip())]
    if not names and body.model_limits_enabled:
        raise InvalidParameter("model_limits", "must name a model while model_limits_enabled", "须至少包含一个模型")
    found = [(name, catalog_name(catalog, FAMILY, name)) for name in names]
    if unknown := next((name for name, known in found if known is None), ""):
        raise InvalidParameter("model_limits", f"names {unknown[:80]!a}, which is not sold here", "包含未提供的模型")
    return tuple(dict.fromkeys(known for _, known in found if known)) or None


def _refuse_addresses(body: _Token) -> None:
    if (body.allow_ips or "").strip():
        raise InvalidParameter("allow_ips", "is not served here; leave it empty", "不支持，请留空")


def _end(seconds: int) -> int:
    """Unix ms."""
    if seconds == 0:  # which elsewhere means never
        raise InvalidParameter("expired_time", "lies in the past; -1 is never", "已是过去的时间，-1 表示永不过期")
    return 0 if seconds == NEVER else seconds * 1000


def _key_id(number: int) -> str:
    """Raises NoSuchKey for what is no token's number."""
    if not 0 <= number < 1 << 32:
        raise NoSuchKey
    return f"{number:08x}"


def _number(inbound: Inbound, name: str, default: int) -> int:
    said = inbound.query.get(name, "")
    if said and not _NUMBER.fullmatch(said):
        raise InvalidParameter(name, "must be a whole number", "必须是整数")
    return int(said) if said else default
