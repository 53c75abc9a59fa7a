"""An upstream that tells of its jobs by webhooks which name the job alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from relay.families import provider
from relay.families.kie.provider import PROVIDER as KIE
from relay.families.provider import Provider
from relay.nouns.errors import Forbidden
from relay.nouns.signing import sign_webhook, verify_webhook
from relay.nouns.wire import Inbound
from tests.functional.harness import Harness

SECRET = "example-hmac"  # as the harness has it for this upstream


class Eventful(Provider):
    """KIE's APIs at an upstream that tells of its jobs by webhooks of a project."""

    family = "kie"

    def read_event(self, inbound: Inbound, now: int, webhook_key: str) -> str | None:
        if not verify_webhook(webhook_key, inbound.headers, inbound.body, now):
            raise Forbidden("the signature is wrong")
        job: str | None = json.loads(inbound.body).get("job")
        return job


EVENTFUL = Eventful({name: replace(api, events=True) for name, api in KIE.apis.items()})


def eventful_provider(family: str) -> Provider:
    return EVENTFUL if family == "kie" else provider(family)


def tell(here: Harness, event: Mapping[str, str], *, secret: str = SECRET, age: int = 0) -> int:
    body = json.dumps(event).encode()
    headers = sign_webhook([secret], "evt_1", here.now[0] // 1000 - age, body)
    return here.exchange("POST", "/callbacks/kie", raw=body, key=None, headers=headers)[0]
