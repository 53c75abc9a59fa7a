"""The policy we sign for an upload by form: it allows this object, this type, this size and this time only."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import boto3

from relay.effects.bucket import SIGNING, Bucket

KEY, SECONDS, LIMIT = "incoming/acc1/a.png", 600, 1234


def test_a_form_allows_one_object_of_one_type_up_to_its_size_for_its_time() -> None:
    session = boto3.Session("AKIDEXAMPLE", "example", region_name="eu-west-1")
    form = Bucket(lambda: session.client("s3", config=SIGNING), "media").form(KEY, "image/png", LIMIT, SECONDS)
    assert form["url"] == "https://media.s3.eu-west-1.amazonaws.com/"

    fields = form["fields"]
    signed = ("x-amz-algorithm", "x-amz-credential", "x-amz-date")
    assert fields.keys() == {"key", "Content-Type", "policy", "x-amz-signature", *signed}
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert policy["conditions"] == [
        {"Content-Type": "image/png"},
        ["content-length-range", 1, LIMIT],
        {"bucket": "media"},
        {"key": KEY},
        *({name: fields[name]} for name in signed),
    ]
    began = datetime.strptime(fields["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    lasts = datetime.fromisoformat(policy["expiration"]) - began
    assert SECONDS - 1 <= lasts.total_seconds() <= SECONDS + 1  # the library reads the clock twice
