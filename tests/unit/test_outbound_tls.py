"""TLS: whom we trust is decided before anything is sent, and the time limit holds inside it."""

from __future__ import annotations

import datetime
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from relay.effects.outbound import NoAnswer, NotSent, Outbound, connections
from relay.nouns.wire import Answer, Call
from tests.wires import answer, here, saying, server

pytestmark = pytest.mark.enable_socket

NAME = "a.example"
OK = answer(b"content-length: 2", body=b"ok")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for NAME that vouches for itself, and its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    file.write_bytes(made.public_bytes(pem) + secret)
    return file


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(certifi, "where", lambda: str(certificate))
    connections._trust.cache_clear()
    yield certificate
    connections._trust.cache_clear()


def theirs(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def get(port: int, host: str = NAME, timeout: float = 5.0) -> Answer:
    return Outbound("loopback", here).send(Call("GET", f"https://{host}:{port}/", timeout=timeout))


def test_an_answer_from_whom_we_trust_comes_back(trusted: Path) -> None:
    with server(saying(OK), secure=theirs(trusted)) as (port, _):
        assert get(port).body == b"ok"


def test_a_certificate_nobody_vouches_for_is_sent_nothing(certificate: Path) -> None:
    with server(saying(OK), secure=theirs(certificate)) as (port, heard), pytest.raises(NotSent):
        get(port)
    assert heard == []


def test_a_certificate_of_another_host_is_sent_nothing(trusted: Path) -> None:
    with server(saying(OK), secure=theirs(trusted)) as (port, heard), pytest.raises(NotSent):
        get(port, "b.example")
    assert heard == []


@pytest.mark.parametrize(
    "trickle",
    [[b"HTTP/1.1 200 OK\r\n", *[b"x-a: b\r\n"] * 30], [b"HTTP/1.1 200 OK\r\n\r\n", *[b"."] * 30]],
    ids=["headers", "body"],
)
def test_a_trickle_inside_tls_is_cut_when_the_time_is_up(trusted: Path, trickle: list[bytes]) -> None:
    started = time.monotonic()

    with (
        server(saying(*trickle, pause=0.1), secure=theirs(trusted)) as (port, _),
        pytest.raises(NoAnswer, match="slow"),
    ):
        get(port, timeout=0.4)
    assert time.monotonic() - started < 1.5


def test_a_kept_connection_is_used_again_inside_tls(trusted: Path) -> None:
    asked: list[str] = []

    def counted(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    outbound = Outbound("loopback", counted)
    with server(saying(OK), secure=theirs(trusted)) as (port, _):
        for _ in range(3):
            outbound.send(Call("GET", f"https://{NAME}:{port}/", repeatable=True))

    assert asked == [NAME]
