"""What goes wrong with accounts and keys alone; branches of the tree in `errors`."""

from __future__ import annotations

from relay.nouns.errors import Forbidden, InsufficientBalance, NotFound


class NoAccount(NotFound):
    default = "no such account", "账户不存在"


class NoSuchKey(NotFound):
    default = "no such key", "密钥不存在"


class KeyShown(Forbidden):
    default = "this key was shown already and is stored as a digest only; make a new one", "该密钥已显示过，请新建密钥"


class TooManyKeys(Forbidden):
    """The account has as many keys as it may."""

    code = "MAX_KEYS_REACHED"

    def __init__(self, most: int) -> None:
        super().__init__(f"an account has {most} keys at most; revoke one first", f"密钥数量已达上限 {most}")


class KeyExhausted(InsufficientBalance):
    """The account may have the money; this key may not spend it."""

    default = (
        "what this API key may spend does not cover this request; raise the key's limit or use another key",
        "该密钥的额度已用完或不足，请提高密钥额度或换用其他密钥",
    )
