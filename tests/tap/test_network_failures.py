"""What keeps a request from HubSpot: the class is `network`, and the message names the variable.

The requests are real ones, and nothing leaves this machine.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tap.canned import DATE, FakeTime, client_for, read_listing

from tap_hubspot_crm.errors import NetworkFailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CERTIFICATES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
#: No proxy is asked to look this up.
HUBSPOT = "https://hubspot.invalid"
#: What a proxy's address may hold, and no message may.
LOGIN = "user:zqsecret@"


@pytest.fixture(autouse=True)
def _no_such_variable_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*CERTIFICATES, *PROXIES, *map(str.lower, PROXIES)):
        monkeypatch.delenv(name, raising=False)


class _Listener:
    """Answers each connection to this machine in its own way, and counts them."""

    def __init__(self, answer: Callable[[socket.socket], object]) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.port: int = self._listening.getsockname()[1]
        self.taken = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                wire, _ = self._listening.accept()
                self.taken += 1
                with wire, contextlib.suppress(OSError):
                    self._answer(wire)


def _end_without_a_word(wire: socket.socket) -> None:
    wire.shutdown(socket.SHUT_WR)
    while wire.recv(4096):
        pass


def _answering(status: str, body: str = "") -> Callable[[socket.socket], None]:
    """Return what sends one HTTP answer and ends."""
    head = f"HTTP/1.1 {status}\r\nDate: {DATE['Date']}\r\nContent-Length: {len(body)}\r\n"

    def answer(wire: socket.socket) -> None:
        wire.recv(65_536)
        wire.sendall(f"{head}Connection: close\r\n\r\n{body}".encode())

    return answer


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A server's key and its certificate, which no authority vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def _encrypted(
    certificate: Path, answer: Callable[[socket.socket], object]
) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def encrypted_answer(wire: socket.socket) -> None:
        with context.wrap_socket(wire, server_side=True) as encrypted:
            answer(encrypted)

    return encrypted_answer


def _failure(fake_time: FakeTime, address: str) -> str:
    """Return the message that a request to this address ends with."""
    with pytest.raises(NetworkFailedError) as caught:
        read_listing(client_for(fake_time, api_url=address))
    return caught.value.message


def test_a_connection_that_breaks_before_it_is_encrypted_is_tried_again(
    fake_time: FakeTime,
) -> None:
    with _Listener(_end_without_a_word) as listener:
        message = _failure(fake_time, f"https://127.0.0.1:{listener.port}")
    assert "no encrypted connection" in message
    assert listener.taken == 6


@pytest.mark.parametrize("variable", [None, "SSL_CERT_FILE"])
def test_a_certificate_without_an_authority_is_refused_at_once(
    fake_time: FakeTime,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
) -> None:
    if variable is not None:
        monkeypatch.setenv(variable, str(certificate))
    with _Listener(_encrypted(certificate, _answering("200 OK"))) as server:
        message = _failure(fake_time, f"https://localhost:{server.port}")
    assert "certificate is refused" in message
    assert "REQUESTS_CA_BUNDLE must name a file" in message
    assert "SSL_CERT_FILE is not read" in message
    assert server.taken == 1


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_is_trusted_that_the_environment_names(
    fake_time: FakeTime, certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(certificate))
    answer = _encrypted(certificate, _answering("200 OK", '{"results": []}'))
    with _Listener(answer) as server:
        body = read_listing(client_for(fake_time, api_url=f"https://localhost:{server.port}"))
    assert body == {"results": []}


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nx"])
def test_trusted_certificates_that_cannot_be_read_are_named_by_their_variable(
    fake_time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
    content: str | None,
) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv(variable, str(file))
    with _Listener(_end_without_a_word) as listener:
        message = _failure(fake_time, f"https://127.0.0.1:{listener.port}")
    assert message == (
        "the trusted certificates cannot be read (GET /crm/objects/2026-09/contacts): "
        f"{variable} must name a readable file of certificates, or be unset"
    )
    assert fake_time.slept == []


def test_certificates_that_no_variable_names_are_those_of_certifi(
    fake_time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", "/nowhere/authorities.pem")
    assert "certifi" in _failure(fake_time, "https://127.0.0.1:1")


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "address",
    [
        f"ftp://{LOGIN}127.0.0.1:3128",
        f"socks5://{LOGIN}127.0.0.1:1080",
        f"socks5h://{LOGIN}127.0.0.1:1080",
        f"http://{LOGIN}127.0.0.1:99999",
        f"http://{LOGIN}127.0.0.1:port",
        f"http://{LOGIN}[::1",
        "http://",
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    fake_time: FakeTime, monkeypatch: pytest.MonkeyPatch, variable: str, address: str
) -> None:
    monkeypatch.setenv(variable, address)
    message = _failure(fake_time, HUBSPOT)
    assert f": {variable} must be an address such as http://proxy.example:3128" in message
    assert "SOCKS needs the package PySocks" in message
    assert "zqsecret" not in message
    assert fake_time.slept == []


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize(
    "status", ["407 Proxy Authentication Required", "403 Forbidden", "503 Service Unavailable"]
)
def test_a_proxy_that_refuses_is_named_by_its_variable(
    fake_time: FakeTime,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    status: str,
) -> None:
    with _Listener(_answering(status)) as proxy:
        monkeypatch.setenv(variable, f"http://{LOGIN}127.0.0.1:{proxy.port}")
        message = _failure(fake_time, HUBSPOT)
    assert f"the proxy of {variable} did not connect" in message
    assert "zqsecret" not in message
    assert proxy.taken == 6


def test_a_proxy_that_is_not_there_is_named_by_its_variable(
    fake_time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Port 1 of this machine is closed.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert "the proxy of HTTPS_PROXY did not connect" in _failure(fake_time, HUBSPOT)
