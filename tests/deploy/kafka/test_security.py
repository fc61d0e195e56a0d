"""Passwords and certificates, against a real broker that asks for them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from deploy.clocks import SystemClock
from deploy.kafka.broker import Cluster
from deploy.kafka.client import admin
from deploy.kafka.topics import found_topics, make_topics
from deploy.settings import Settings
from tests.support.kafka import running_kafka

USER, PASSWORD = "tocsin", "a-password-of-this-test"
# Above the broker's own port.
SASL, SSL = 200, 300
_PROPERTIES = """
listeners=PLAINTEXT://127.0.0.1:PORT+0,CONTROLLER://127.0.0.1:PORT+100,\
SASL_SSL://127.0.0.1:PORT+200,SSL://127.0.0.1:PORT+300
advertised.listeners=PLAINTEXT://127.0.0.1:PORT+0,SASL_SSL://127.0.0.1:PORT+200,SSL://127.0.0.1:PORT+300
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
listener.name.ssl.ssl.client.auth=required
"""


@dataclass(frozen=True)
class Authority:
    """Signs certificates, and keeps them in a folder."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def sign(self, name: str) -> Path:
        """Return a file with a certificate for the loopback address and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
        made = _builder(name, self.certificate.subject, key).add_extension(names, critical=False)
        path = self.folder / f"{name}.pem"
        path.write_bytes(_pem(key) + _pem(made.sign(self.key, hashes.SHA256())))
        return path


def authority(folder: Path, name: str) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    basic = x509.BasicConstraints(ca=True, path_length=None)
    made = _builder(name, _named(name), key).add_extension(basic, critical=True)
    certificate = made.sign(key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(_pem(certificate))
    return Authority(folder, name, key, certificate)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = SystemClock().now()
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _pem(one: ec.EllipticCurvePrivateKey | x509.Certificate) -> bytes:
    if isinstance(one, x509.Certificate):
        return one.public_bytes(serialization.Encoding.PEM)
    return one.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@dataclass(frozen=True)
class Guarded:
    """A broker, and what a client has to show to it."""

    cluster: Cluster
    ca: Path
    ours: Path
    strangers: Path
    strangers_ca: Path

    def address(self, above: int) -> str:
        return f"127.0.0.1:{self.cluster.first_port + above}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    ca, stranger = authority(folder, "ca"), authority(folder, "stranger")
    ca.sign("broker")
    with running_kafka(
        folder / "kafka",
        more=_PROPERTIES.format(folder=folder),
        formatting=("--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"),
    ) as cluster:
        yield Guarded(
            cluster=cluster,
            ca=folder / "ca.pem",
            ours=ca.sign("ours"),
            strangers=stranger.sign("theirs"),
            strangers_ca=folder / "stranger.pem",
        )


def sasl(guarded: Guarded, **changes: object) -> Settings:
    values: dict[str, object] = {
        "kafka_bootstrap": guarded.address(SASL),
        "kafka_security": "SASL_SSL",
        "kafka_user": USER,
        "kafka_password": PASSWORD,
        "kafka_ca": guarded.ca,
    }
    return Settings(**(values | changes))  # type: ignore[arg-type] # pydantic checks the values


def ssl(guarded: Guarded, **changes: object) -> Settings:
    values: dict[str, object] = {
        "kafka_bootstrap": guarded.address(SSL),
        "kafka_security": "SSL",
        "kafka_certificate": guarded.ours,
        "kafka_key": guarded.ours,
        "kafka_ca": guarded.ca,
    }
    return Settings(**(values | changes))  # type: ignore[arg-type] # pydantic checks the values


def test_a_password_or_a_certificate_opens_the_topics(guarded: Guarded) -> None:
    with admin(sasl(guarded)) as client:
        make_topics(client, replicas=1)
    with admin(ssl(guarded)) as client:
        assert found_topics(client)


def refused(settings: Settings) -> str:
    """What a person is told who looks why nothing works."""
    # In a process of its own: the client leaves sockets of handshakes that failed.
    told = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "topics", "check"],
        env=settings.as_environment(),
        capture_output=True,
        check=False,
        text=True,
    )
    assert told.returncode == 1
    assert PASSWORD not in told.stderr
    return told.stderr


def test_each_thing_that_is_wrong_is_said_in_words(guarded: Guarded) -> None:
    assert "TOCSIN_KAFKA_PASSWORD" in refused(sasl(guarded, kafka_password="wrong"))
    assert "not signed by TOCSIN_KAFKA_CA" in refused(sasl(guarded, kafka_ca=guarded.strangers_ca))
    plain = sasl(guarded, kafka_bootstrap=guarded.cluster.bootstrap)
    assert "does not speak TLS" in refused(plain)
    theirs = ssl(guarded, kafka_certificate=guarded.strangers, kafka_key=guarded.strangers)
    assert "TOCSIN_KAFKA_CERTIFICATE" in refused(theirs)


@pytest.mark.parametrize(
    ("security", "missing"),
    [("SASL_SSL", "TOCSIN_KAFKA_USER"), ("SSL", "TOCSIN_KAFKA_CERTIFICATE")],
)
def test_what_is_missing_is_named_before_anything_begins(security: str, missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        Settings(kafka_security=security)
