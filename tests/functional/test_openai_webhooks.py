"""Our webhooks as the published OpenAI clients check them."""

from __future__ import annotations

import base64
import time

import pytest
from openai import InvalidWebhookSignatureError, OpenAI

from relay.nouns.signing import sign_webhook, webhook_secret
from tests import node

SIGNED_AT = 1_767_225_600
BODY = (
    b'{"id":"evt_demo_1","object":"event","created_at":1767225600,"type":"video.completed",'
    b'"data":{"id":"video_demo_1"}}'
)
PLAIN = "demo-secret-0123456789abcdef"
SECRETS = [PLAIN, "whsec_" + base64.b64encode(PLAIN.encode()).decode()]
VECTOR = {
    "webhook-id": "evt_demo_1",
    "webhook-timestamp": str(SIGNED_AT),
    "webhook-signature": "v1,oRKFp2gnF1NcOnX3k92yfpKvWMC7/HhXPVxc+sfj3oA=",
}
AGES = 10**9  # seconds: the vector is as old as it is


@pytest.mark.parametrize("secret", SECRETS)
def test_we_sign_the_vector_and_the_python_client_verifies_it(secret: str) -> None:
    assert sign_webhook([secret], "evt_demo_1", SIGNED_AT, BODY) == VECTOR
    OpenAI(api_key="sk-EXAMPLE").webhooks.verify_signature(BODY, VECTOR, secret=secret, tolerance=AGES)


def test_the_python_client_unwraps_a_webhook_signed_during_a_rotation() -> None:
    live = [webhook_secret(b"master", "acc", generation) for generation in (2, 1)]
    headers = sign_webhook(live, "evt_1", int(time.time()), BODY)
    event = OpenAI(api_key="sk-EXAMPLE", webhook_secret=live[1]).webhooks.unwrap(BODY, headers)
    assert (event.type, event.data.id) == ("video.completed", "video_demo_1")  # type: ignore[union-attr]


def test_the_python_client_refuses_another_body() -> None:
    with pytest.raises(InvalidWebhookSignatureError):
        OpenAI(api_key="sk-EXAMPLE").webhooks.verify_signature(BODY + b" ", VECTOR, secret=PLAIN, tolerance=AGES)


@node.needs_node
@pytest.mark.parametrize(("body", "said"), [(BODY, "video.completed"), (BODY + b" ", "InvalidWebhookSignatureError")])
def test_the_node_client_verifies_the_vector_and_nothing_else(body: bytes, said: str) -> None:
    asked = {"body": body.decode(), "headers": VECTOR, "secret": SECRETS[1], "tolerance": AGES}
    assert node.result(node.start("webhook.cjs", asked)) == said
