"""Our key in what an upstream says is masked, wherever the network cuts it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from relay.nouns.credential import MASK, mask

SECRETS = [b"access-1:secret-22", b"secret-22", b"access-1"]
TEXT = st.lists(st.sampled_from([*SECRETS, b"secret-2", b"access-1:secret-", b"a", b"x", b": "]), max_size=6)


@given(TEXT, st.data())
def test_no_secret_comes_through_however_the_answer_is_cut(parts: list[bytes], data: st.DataObject) -> None:
    body = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=4)))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]

    told = b"".join(mask(iter(pieces), SECRETS))

    assert not any(secret in told for secret in SECRETS)
    if not any(secret in body for secret in SECRETS):
        assert told == body


def test_what_cannot_begin_a_secret_is_not_kept_back() -> None:
    told = mask(iter([b"event acc", b"ident\n\n", b"my access-1!"]), SECRETS)

    assert [next(told), next(told), next(told)] == [b"event ", b"accident\n\n", b"my " + MASK + b"!"]
