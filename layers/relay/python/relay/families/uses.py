"""What can be asked of us, whichever family asks: what each use case reads from a request, and what it tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from relay.families.asked import Completion, Download, TaskQuery
from relay.families.inference import Completed
from relay.nouns.account import (
    Balance,
    FileLink,
    FilePart,
    Form,
    FormRequest,
    Profile,
    Statement,
    StatementPage,
    Upload,
)
from relay.nouns.catalog import Listed
from relay.nouns.checkouts import Checkout, SignedEvent, TopupRequest
from relay.nouns.developer import Credentials, Developer, LoggedIn, Registration
from relay.nouns.draft import Draft
from relay.nouns.inference import Inference
from relay.nouns.keys import KeyChange, KeyListing, KeyPage, KeyRequest, ListedKey, NewKey
from relay.nouns.listing import Listing, Page, TaskIds
from relay.nouns.plans import InvoicePage, PageRequest, PlanTerms, Subscribed, Subscription, SubscriptionRequest
from relay.nouns.task import Task
from relay.nouns.usage import KeyUsage, Quota, UsageAsked
from relay.nouns.wire import Json

Asked = TypeVar("Asked")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Use(Generic[Asked, Found]):
    """Something that can be asked of us, whichever family asks: what is read from a request, and what is told.

    `counted`: a read, which a tier's reads per minute limit. `facts`: what outcomes say in words is read as well.
    """

    name: str
    counted: bool = False
    facts: bool = False


class Record(NamedTuple):
    """A task together with the request that made it, and what its outcome says where the use case reads that."""

    task: Task
    draft: Draft
    facts: Mapping[str, Json] = MappingProxyType({})

    @property
    def terminal(self) -> bool:
        return self.task.terminal


CREATE: Use[Draft, Task] = Use("create")
CREATE_RECORD: Use[Draft, Record] = Use("create", facts=True)  # told with the request as it was fitted
QUERY: Use[TaskQuery, Task] = Use("query", counted=True)
RECORD: Use[TaskQuery, Record] = Use("record", counted=True)
RECORD_FACTS: Use[TaskQuery, Record] = Use("record", counted=True, facts=True)
LIST: Use[Listing, Page[Task]] = Use("list", counted=True)
LIST_FACTS: Use[Listing, Page[Record]] = Use("list", counted=True, facts=True)
MANY: Use[TaskIds, Sequence[Task]] = Use("many", counted=True)
MANY_FACTS: Use[TaskIds, Sequence[Record]] = Use("many", counted=True, facts=True)
HIDE: Use[TaskQuery, Task] = Use("hide")
CANCEL: Use[TaskQuery, Task] = Use("cancel")
ANSWER: Use[Completion, Record] = Use("answer", facts=True)
OPEN: Use[str, Task] = Use("open")  # a task by the reference of it that anybody may have
DOWNLOAD: Use[Download, str] = Use("download", counted=True)
BALANCE: Use[None, Balance] = Use("balance", counted=True)
PROFILE: Use[None, Profile] = Use("profile", counted=True)
CONSUMPTION: Use[Statement, StatementPage] = Use("consumption", counted=True)
MODELS: Use[str | None, Sequence[Listed]] = Use("models", counted=True)  # a client's name of one, or all
REGISTER: Use[Registration, Developer] = Use("register")
LOGIN: Use[Credentials, LoggedIn] = Use("login")
REFRESH: Use[str, LoggedIn] = Use("refresh")  # by a refresh token
LOGOUT: Use[str, None] = Use("logout")  # the same
OWN_MODELS: Use[None, Sequence[Listed]] = Use("own-models", counted=True)  # all, for the account's owner
INFER: Use[Inference, Completed] = Use("infer")  # a model call, which the stream endpoint passes on
UPLOAD: Use[FilePart, Upload] = Use("upload")
UPLOAD_FROM: Use[FileLink, Upload] = Use("upload-from")  # an address
UPLOAD_MANY: Use[Mapping[str, FilePart], Sequence[Upload]] = Use("upload-many")  # by the client's fields
PRESIGN: Use[FormRequest, Form] = Use("presign")

# What an account's owner does about its plan.
PLANS: Use[None, Sequence[PlanTerms]] = Use("plans", counted=True)
SUBSCRIBE: Use[SubscriptionRequest, Subscribed] = Use("subscribe")
SUBSCRIPTIONS: Use[None, Sequence[Subscription]] = Use("subscriptions", counted=True)
CANCEL_SUBSCRIPTION: Use[str, Subscription] = Use("cancel-subscription")  # by its id
INVOICES: Use[PageRequest, InvoicePage] = Use("invoices", counted=True)
TOP_UP: Use[TopupRequest, Checkout] = Use("top-up")
SHOW_TOPUP: Use[str, Checkout] = Use("show-topup", counted=True)  # by its id
PAYMENT_EVENT: Use[SignedEvent, None] = Use("payment-event")  # of the service that takes cards
PAYMENT_DONE: Use[None, None] = Use("payment-done")  # where a browser goes afterwards

# What an account's owner does with its keys. A key is named by its id.
ADD_KEY: Use[KeyRequest, NewKey] = Use("add-key")
ADD_KEY_UNISSUED: Use[KeyRequest, NewKey] = Use("add-key-unissued")  # it is made when it is first asked for
ISSUE_KEY: Use[str, str] = Use("issue-key")
KEYS: Use[None, Sequence[ListedKey]] = Use("keys", counted=True)
KEY_PAGE: Use[KeyListing, KeyPage] = Use("key-page", counted=True)
KEY: Use[str, ListedKey] = Use("key", counted=True)
OWN_KEY: Use[None, ListedKey] = Use("own-key", counted=True)  # the one that asks
CHANGE_KEY: Use[KeyChange, ListedKey] = Use("change-key")
KEY_USAGE: Use[UsageAsked, KeyUsage] = Use("key-usage", counted=True)
QUOTA: Use[None, Quota] = Use("quota", counted=True)
REVOKE_KEY: Use[str, ListedKey] = Use("revoke-key")
