"""A signed link opens one object until it expires; no other link opens anything."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from relay.flow.links import LINK_SECONDS, MAX_INLINE_BYTES, sign_link
from tests.axes import table
from tests.functional.files_client import follow_link, object_key, open_link, upload_file
from tests.functional.harness import Harness, Secrets, harness
from tests.samples import sample


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        yield made


@pytest.fixture(scope="module")
def url(here: Harness) -> str:
    return str(upload_file(here, sample("png"))["url"])


def words(url: str) -> tuple[str, str, str]:
    """Path, expires and signature of a link."""
    path, _, query = url.partition("?")
    expires, _, signature = query.removeprefix("expires=").partition("&signature=")
    return path, expires, signature


def test_a_link_works_until_its_end_and_not_after(here: Harness) -> None:
    ending = str(upload_file(here, sample("png"))["url"])
    here.wait(LINK_SECONDS)
    assert follow_link(here, ending)[0] == 200
    here.wait(1)
    assert follow_link(here, ending) == (404, "")


@table("part", ["account", "name", "area", "expires", "signature"])
def test_a_link_with_any_part_changed_leads_nowhere(here: Harness, url: str, part: str) -> None:
    path, expires, signature = words(url)
    changed = {
        "account": (path.replace("/acc1/", "/acc2/"), expires, signature),
        "name": (path.replace(".png", ".jpg"), expires, signature),
        "area": (path.replace("/uploads/", "/results/"), expires, signature),
        "expires": (path, str(int(expires) + 1), signature),
        "signature": (path, expires, signature[:-1] + ("0" if signature[-1] != "0" else "1")),
    }[part]

    assert follow_link(here, "{}?expires={}&signature={}".format(*changed)) == (404, "")


@table(
    "query",
    [
        "",
        "?expires={e}",
        "?signature={s}",
        "?expires=&signature=",
        "?expires={e}&signature=",
        "?expires=+{e}&signature={s}",
        "?expires={e}.0&signature={s}",
        "?expires=0{e}0&signature={s}",
        "?expires=-1&signature={s}",
        "?expires=\u0661&signature={s}",
        "?expires=" + "9" * 5000 + "&signature={s}",
        "?expires={e}%26expires%3D{e}&signature={s}",
        "?expires={e}&signature=\u4e2d\u6587",
        "?expires={e}&signature=%00",
    ],
)
def test_a_link_without_good_words_leads_nowhere(here: Harness, url: str, query: str) -> None:
    path, expires, signature = words(url)

    assert follow_link(here, path + query.format(e=expires, s=signature)) == (404, "")


def test_an_expired_link_cannot_be_prolonged_by_words_in_its_signature(here: Harness, url: str) -> None:
    key = words(url)[0].partition("/media/")[2]
    path, ended, signature = words(sign_link(here.services, key, here.services.public_url, 100))

    assert follow_link(here, f"{path}?expires=99999999999&signature={signature}%26expires%3D{ended}") == (404, "")


@table(
    "path",
    [
        "/media/uploads/acc1/../acc1/{n}",
        "/media/uploads/./acc1/{n}",
        "/media/uploads//acc1/{n}",
        "/media/uploads/acc1/%2e%2e%2f{n}",
        "/media/uploads/acc1/{n}/",
        "/media/uploads/acc1/{n}%00",
        "/media/uploads/acc1/{n}%3Fx",
        "/media/uploads/acc1/",
        "/media/other/acc1/{n}",
        "/media/../uploads/acc1/{n}",
        "/MEDIA/uploads/acc1/{n}",
        "/media//uploads/acc1/{n}",
        "/media/media/uploads/acc1/{n}",
    ],
)
def test_no_other_spelling_of_the_path_opens_anything(here: Harness, url: str, path: str) -> None:
    own, expires, signature = words(url)
    name = own.rpartition("/")[2]

    assert follow_link(here, f"{path.format(n=name)}?expires={expires}&signature={signature}") == (404, "")


def test_an_encoded_slash_is_the_same_path_because_the_gateway_decodes_it(here: Harness, url: str) -> None:
    own, expires, signature = words(url)
    encoded = own.replace("acc1/", "acc1%2F")
    assert follow_link(here, f"{encoded}?expires={expires}&signature={signature}") == (200, own.partition("/media/")[2])


@pytest.mark.parametrize("key", ["uploads/acc1/../../x", "other/acc1/x.png", "uploads/ACC1/x.png", "x"])
def test_even_signed_a_key_that_is_none_of_ours_leads_nowhere(here: Harness, key: str) -> None:
    assert follow_link(here, sign_link(here.services, key, here.services.public_url, 99_999_999_999)) == (404, "")


def test_links_of_another_deployment_open_nothing(here: Harness, url: str) -> None:
    other = replace(here.services, secrets=Secrets({"media-secret": "example-other-secret"}))
    key = words(url)[0].partition("/media/")[2]

    assert follow_link(here, sign_link(other, key, here.services.public_url, 99_999_999_999)) == (404, "")


# --- what a good link answers


LARGE = "results/acc1/00000000-0000-7000-8000-000000000000-1.mp4"


@pytest.fixture(scope="module")
def large(here: Harness) -> str:
    """A link to a film too large to pass through the API."""
    here.services.bucket.put(LARGE, bytes(MAX_INLINE_BYTES + 1), "video/mp4")
    return sign_link(here.services, LARGE, here.services.public_url, here.now[0] // 1000 + LINK_SECONDS)


def test_a_small_file_is_given_without_a_redirect(here: Harness, url: str) -> None:
    status, headers, body = open_link(here, url)

    assert (status, body) == (200, sample("png"))
    assert headers["content-type"] == "image/png"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"] == f'inline; filename="{words(url)[0].rpartition("/")[2]}"'


def test_a_file_as_large_as_the_api_can_bear_is_given(here: Harness) -> None:
    key = LARGE.replace("-1.mp4", "-2.mp4")
    here.services.bucket.put(key, bytes(MAX_INLINE_BYTES), "video/mp4")
    there = sign_link(here.services, key, here.services.public_url, here.now[0] // 1000 + LINK_SECONDS)

    assert open_link(here, there)[0] == 200
    assert len(b64encode(bytes(MAX_INLINE_BYTES))) + 2000 < 6 << 20


def test_a_large_file_is_given_by_the_bucket_for_saving(here: Harness, large: str) -> None:
    status, headers, body = open_link(here, large)
    signed = parse_qs(urlsplit(headers["location"]).query)

    assert (status, object_key(headers["location"])) == (302, LARGE)
    assert (body, headers.get("content-type")) == (b"", None)
    assert headers["x-content-type-options"] == "nosniff"
    assert signed["response-content-type"] == ["video/mp4"]
    assert signed["response-content-disposition"] == [f'attachment; filename="{LARGE.rpartition("/")[2]}"']


def test_a_part_of_a_file_is_given_by_the_bucket(here: Harness, url: str) -> None:
    assert open_link(here, url, range="bytes=4-7")[0] == 302


def test_head_is_answered_like_get(here: Harness, url: str, large: str) -> None:
    assert open_link(here, url, "HEAD") == open_link(here, url)
    status, headers, _ = open_link(here, large, "HEAD")
    assert (status, object_key(headers["location"])) == (302, LARGE)
    # S3 checks the method a link was signed for
    assert requested(headers["location"]) != requested(open_link(here, large)[1]["location"])


def requested(location: str) -> str:
    return parse_qs(urlsplit(location).query)["X-Amz-Signature"][0]


def test_a_link_whose_file_is_gone_leads_nowhere(here: Harness) -> None:
    gone = LARGE.replace("-1.mp4", "-3.mp4")
    there = sign_link(here.services, gone, here.services.public_url, here.now[0] // 1000 + LINK_SECONDS)

    assert open_link(here, there)[0] == open_link(here, there, range="bytes=0-")[0] == 404
