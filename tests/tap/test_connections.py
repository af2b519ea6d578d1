"""Encrypted connections that do not come about, and connections that are cut while others open."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tap.canned import FakeTime, client_for, read_listing

from tap_hubspot_crm.connections import Connections
from tap_hubspot_crm.errors import NetworkFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from urllib3.connection import HTTPConnection


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


@pytest.fixture
def unknown_certificate(tmp_path: Path) -> ssl.SSLContext:
    """What a server proves itself with that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
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
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_connection_that_breaks_before_it_is_encrypted_is_tried_again(
    fake_time: FakeTime,
) -> None:
    with (
        _Listener(_end_without_a_word) as listener,
        pytest.raises(NetworkFailedError, match="no encrypted connection"),
    ):
        read_listing(client_for(fake_time, api_url=f"https://127.0.0.1:{listener.port}"))
    assert listener.taken == 6


def test_a_certificate_that_nobody_vouches_for_is_not_asked_again(
    fake_time: FakeTime, unknown_certificate: ssl.SSLContext
) -> None:
    with (
        _Listener(lambda wire: unknown_certificate.wrap_socket(wire, server_side=True)) as server,
        pytest.raises(NetworkFailedError, match="certificate"),
    ):
        read_listing(client_for(fake_time, api_url=f"https://localhost:{server.port}"))
    assert server.taken == 1


def test_trusted_certificates_that_cannot_be_read_are_a_fault_of_the_network(
    fake_time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/certificates.pem")
    with pytest.raises(NetworkFailedError):
        read_listing(client_for(fake_time, api_url="https://127.0.0.1:1"))


@pytest.fixture
def _threads_take_turns_quickly() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_threads_take_turns_quickly")
def test_connections_may_be_cut_while_others_open() -> None:
    connections = Connections({})
    adapter = connections.session().get_adapter("http://hub.example.com")
    pools = adapter.poolmanager.pool_classes_by_scheme  # type: ignore[attr-defined]  # of the only adapter

    class Connection(pools["http"].ConnectionCls):  # type: ignore[misc]  # a class made at run time
        """One that leads nowhere."""

        def _new_conn(self) -> socket.socket:
            return socket.socket()

    def opened() -> HTTPConnection:
        connection: HTTPConnection = Connection("hub.example.com")
        connection.connect()
        # Still known, and nothing is left of it to cut, which would take most of the time.
        connection.close()
        return connection

    kept = [opened() for _ in range(500)]
    has_cut = threading.Event()

    def open_more() -> None:
        while not has_cut.is_set():
            opened()

    opening = threading.Thread(target=open_more)
    opening.start()
    try:
        for _ in range(500):
            connections.cut()
    finally:
        has_cut.set()
        opening.join()
        del kept
