"""E-mail addresses and passwords: which are taken, and which are the same."""

from __future__ import annotations

import threading
from typing import Literal

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from relay.effects.passwords import Passwords
from relay.flow.sessions import read_password
from relay.nouns.emails import identity
from relay.nouns.errors import Contended, InvalidParameter

E_ACUTE, E_AND_ACUTE = "\u00e9", "e\u0301"
SAME = {
    "ann@example.com": ("ANN@EXAMPLE.COM", "Ann@Example.com", "ann@ｅｘａｍｐｌｅ.com", "ann@example。com"),
    "ann@xn--bcher-kva.example": ("ann@bücher.example", "ann@BÜCHER.example", "ann@bu\u0308cher.example"),
    "ann+relay@example.com": ("Ann+Relay@example.com",),
    "a.nn@example.com": (),
    "ann@xn--strae-oqa.example": ("ann@straße.example",),  # another domain than strasse.example
    "ann@xn--istanbul-o0e.example": ("ann@İstanbul.example",),
}
REFUSED = (
    *("", "ann", "@example.com", "ann@", "ann@@example.com", "ann@localhost", "ann@example", "ann@[192.0.2.1]"),
    *("İnn@example.com", "ａｎｎ@example.com", "аnn@example.com", "an\u200bn@example.com", "ann@exam\u200bple.com"),
    *("ann@example.com\u200d", " ann@example.com", "ann@example.com\n", "ann@exam\x00ple.com", '"ann lee"@example.com'),
    *("Ann <ann@example.com>", "ann@example..com", "ann.@example.com", "ann＠example.com", "ann\ud800@example.com"),
    *("a" * 65 + "@example.com", "a@" + "b" * 250 + ".com", "a@" + "b." * 500_000 + "com", "login#ann@-example.com"),
)


@pytest.mark.parametrize("address", SAME)
def test_spellings_of_one_address_are_one(address: str) -> None:
    assert {identity(each) for each in (address, *SAME[address])} == {address}


def test_no_two_addresses_are_one() -> None:
    assert len({identity(each) for each in SAME}) == len(SAME)


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_no_address_is_refused_by_the_clients_field(address: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        identity(address)
    assert refused.value.field == "email"
    assert "ann" not in refused.value.message


@pytest.mark.parametrize(
    ("password", "kept"),
    [
        (E_AND_ACUTE * 8, E_ACUTE * 8),
        ("x" * 1024, "x" * 1024),
        (E_AND_ACUTE * 512, E_ACUTE * 512),  # 1,536 bytes as it came
        (" spaces count ", " spaces count "),
        ("\x00" * 8, "\x00" * 8),
    ],
)
def test_a_password_is_kept_whole_in_one_form(password: str, kept: str) -> None:
    assert read_password(password) == kept


@pytest.mark.parametrize("password", ["x" * 1025, E_ACUTE * 513, "x" * (1 << 20), E_AND_ACUTE * 513])
def test_a_password_that_is_too_long_is_refused_and_not_cut(password: str) -> None:
    with pytest.raises(InvalidParameter, match="password must have at most 1024 bytes"):
        read_password(password)


def test_a_hash_is_that_of_the_whole_password_and_matches_no_other() -> None:
    passwords = Passwords()
    kept = passwords.hash("p" * 1023 + "a")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(kept, "p" * 1023 + "a")
    assert not passwords.matches(kept, "p" * 1023 + "b")
    assert not passwords.matches(kept, "p" * 72)
    assert not passwords.matches(None, "p" * 1023 + "a")


def test_a_hash_of_other_parameters_still_matches_and_is_outdated() -> None:
    passwords, weak = Passwords(), PasswordHasher.from_parameters(CHEAPEST).hash("example password")
    assert passwords.matches(weak, "example password")
    assert passwords.outdated(weak)
    assert not passwords.outdated(passwords.hash("example password"))


def test_no_more_are_hashed_at_once_than_there_are_turns_and_who_waits_too_long_is_told() -> None:
    passwords = Passwords(at_once=1, patience=0.01)
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with passwords.turn():
            taken.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(10)
    with pytest.raises(Contended):
        passwords.hash("example password")
    with pytest.raises(Contended):
        passwords.matches(None, "example password")
    done.set()
    holder.join()
    assert passwords.matches(passwords.hash("example password"), "example password")


def test_a_wrong_password_and_an_address_of_nobody_cost_one_hash_of_the_same_parameters() -> None:
    checked = list[str]()

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's word
            checked.append(str(hash).rpartition("$")[0].rpartition("$")[0])
            return super().verify(hash, password)

    passwords = Passwords(hasher=Counting(2, 64, 1))
    kept = passwords.hash("example password")
    assert not passwords.matches(kept, "another password")
    assert not passwords.matches(None, "another password")
    assert checked == ["$argon2id$v=19$m=64,t=2,p=1"] * 2
