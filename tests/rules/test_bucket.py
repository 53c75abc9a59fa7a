"""The media bucket: nobody's but ours, and nothing in it for longer, or shorter, than was said."""

from __future__ import annotations

import json
from typing import Any

from relay.flow import links, results, uploads
from tests.rules.tree import become, resources, template

DAY = 24 * 3600
NAME = [
    "genrelay-${Stage}-${Id}",
    {"Id": {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}},
]
(BUCKET,) = resources("AWS::S3::Bucket").values()
RULES = {rule["Id"]: rule for rule in BUCKET["LifecycleConfiguration"]["Rules"]}


def spelled(value: Any) -> list[list[Any]]:
    """Every Sub in it that spells out the bucket's name."""
    if isinstance(value, dict):
        inner = [one for part in value.values() for one in spelled(part)]
        sub = value.get("Fn::Sub")
        return [sub, *inner] if isinstance(sub, list) and "genrelay-" in sub[0] else inner
    return [one for part in value for one in spelled(part)] if isinstance(value, list) else []


def parameter(name: str) -> dict[str, Any]:
    found: dict[str, Any] = template()["Parameters"][name]
    return found


def test_its_name_is_spelled_one_way() -> None:
    # only what the bucket itself waits for spells it out; everybody else asks the bucket
    found = spelled(template())
    assert len(found) == 5
    for text, values in found:
        assert NAME[0] in text
        assert values == NAME[1]
    assert BUCKET["BucketName"]["Fn::Sub"] == NAME


def test_its_name_is_never_too_long() -> None:
    stage, stack_id = 16, 36
    assert parameter("Stage")["AllowedPattern"].endswith(f"{{0,{stage - 1}}}")
    assert len("genrelay--") + stage + stack_id <= 63


def test_nothing_in_it_is_public() -> None:
    assert set(BUCKET["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(BUCKET["PublicAccessBlockConfiguration"]) == 4
    assert BUCKET["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert "AccessControl" not in BUCKET


def test_all_in_it_is_encrypted_at_rest_and_on_the_way() -> None:
    (rule,) = BUCKET["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (policy,) = become("AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": False}}
    assert json.dumps(statement["Resource"]).count("MediaBucket") == 2


def test_files_go_when_their_days_are_over() -> None:
    days = {"uploads": "UploadDays", "incoming": "UploadDays", "results": "ResultDays"}
    assert {area: RULES[area] for area in days} == {
        area: {"Id": area, "Status": "Enabled", "Prefix": f"{area}/", "ExpirationInDays": {"Ref": parameter}}
        for area, parameter in days.items()
    }


def test_parts_of_broken_copies_go_after_a_day() -> None:
    assert set(RULES) == {"uploads", "incoming", "results", "parts"}
    assert RULES["parts"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_files_stay_as_long_as_they_are_promised() -> None:
    assert parameter("UploadDays")["MinValue"] * DAY >= uploads.UPLOAD_SECONDS
    assert parameter("ResultDays")["Default"] * DAY * 1000 >= results.RESULT_MS
    assert parameter("ResultDays")["MinValue"] * DAY >= links.LINK_SECONDS
