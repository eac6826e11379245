"""A server as strict as an operations team makes it: TLS only, and read only. What it refuses is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from graphrec_neo4j.cli import cli
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import DatabaseError
from graphrec_neo4j.queries import Statement
from graphrec_neo4j.server import LocalServer, local
from graphrec_neo4j.server.configuration import neo4j_conf
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live

ONE = Statement("one", "RETURN 1 AS one", "read")
NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1\n"


def openssl(*words: str, folder: Path) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the key and certificate of a server, signed by an authority that nobody knows (``ca.pem``)."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine to make a certificate with")
    folder = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "rsa:2048", "-nodes", "-keyout")
    signs = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", "-x509", *key, "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test", *signs, folder=folder)
    openssl("req", *key, "private.key", "-out", "server.csr", "-subj", "/CN=localhost", folder=folder)
    (folder / "names").write_text(NAMES)
    authority = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
    wanted = ("-out", "public.crt", "-days", "2", "-extfile", "names")
    openssl("x509", "-req", "-in", "server.csr", *authority, *wanted, folder=folder)
    return folder


@pytest.fixture(scope="module")
def server(
    neo4j_connection: Connection, certificates: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalServer]:
    """The server; the shared one is asked for first, so that this is skipped where that cannot be had."""
    policy = "dbms.ssl.policy.bolt"
    more = {
        "server.bolt.tls_level": "REQUIRED",
        f"{policy}.enabled": "true",
        f"{policy}.base_directory": str(certificates),
        f"{policy}.client_auth": "NONE",
        "server.databases.default_to_read_only": "true",
    }
    server = LocalServer(tmp_path_factory.mktemp("strict"), fast_start=True)
    # A database is made by its first start, which cannot be read only.
    server.start()
    server.stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "neo4j_conf", lambda ports, pages, known: neo4j_conf(ports, pages, {**known, **more}))
        server.start()
    yield server
    server.destroy()


@pytest.fixture(scope="module")
def strict(server: LocalServer) -> Connection:
    return server.connection()


def links(folder: Path) -> Iterator[str]:
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            yield os.readlink(file)


def over(connection: Connection, scheme: str) -> Connection:
    return replace(connection, uri=connection.uri.replace("bolt://", f"{scheme}://"))


@pytest.mark.parametrize("scheme", ["bolt+ssc", "neo4j+ssc"])
def test_any_certificate_is_taken_where_the_address_says_so(strict: Connection, scheme: str) -> None:
    with Database(over(strict, scheme)) as database:
        assert database.read(ONE) == [{"one": 1}]


@pytest.mark.parametrize("scheme", ["bolt+s", "neo4j+s"])
def test_a_certificate_that_nobody_vouches_for_is_one_sentence_and_ends_with_3(strict: Connection, scheme: str) -> None:
    there = over(strict, scheme)
    with pytest.raises(DatabaseError) as refused:
        Database(there)
    trusting = scheme.replace("+s", "+ssc")
    assert str(refused.value) == (
        f"the certificate of {there.uri} is not signed by anyone whom this machine trusts: name the file of its "
        f"authority in SSL_CERT_FILE, or use {trusting}://, which trusts any certificate."
    )
    assert refused.value.exit_code == 3


@pytest.mark.parametrize("scheme", ["bolt+s", "neo4j+s"])
def test_a_certificate_of_a_known_authority_is_taken(
    strict: Connection, certificates: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    with Database(over(strict, scheme)) as database:
        assert database.read(ONE) == [{"one": 1}]


def test_a_certificate_for_another_name_is_said(
    strict: Connection, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    # The same address, spelt as the certificate does not.
    elsewhere = over(strict, "bolt+s").uri.replace("127.0.0.1", "127.1")
    with pytest.raises(DatabaseError, match=r"the certificate of bolt\+s://127\.1:\d+ is for another name: use the"):
        Database(replace(strict, uri=elsewhere))


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_a_plain_connection_to_a_server_that_wants_tls_is_said(strict: Connection, scheme: str) -> None:
    with pytest.raises(DatabaseError, match=rf"if it asks for TLS, use {scheme}\+s:// or {scheme}\+ssc://"):
        Database(over(strict, scheme))


@pytest.mark.parametrize("scheme", ["bolt+s", "bolt+ssc", "neo4j+s", "neo4j+ssc"])
def test_tls_to_a_server_that_has_none_is_said(neo4j_connection: Connection, scheme: str) -> None:
    plain = scheme.partition("+")[0]
    with pytest.raises(DatabaseError, match=rf"does not speak TLS: use {plain}://, or switch TLS on in the server"):
        Database(over(neo4j_connection, scheme))


def test_a_database_that_can_only_be_read_is_said_by_what_writes(
    strict: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    there = over(strict, "bolt+ssc")
    named = ["--uri", there.uri, "--username", there.username, "--password", there.password]
    (tmp_path / "edges.csv").write_text("user,item\nu,i\n")
    failed = CliRunner().invoke(cli, ["load", "edges", "edges.csv", *named])
    assert isinstance(failed.exception, DatabaseError), failed.output
    assert "can only be read" in str(failed.exception)
    with (
        Database(there) as database,
        pytest.raises(DatabaseError, match=r"can only be read, and make writes: make it writable, or name another"),
    ):
        database.write(Statement("make", "CREATE (n) RETURN 1 AS one", "write"))


def test_a_report_on_it_names_what_is_wrong_and_no_secret(
    strict: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path))
    monkeypatch.setenv("NEO4J_PASSWORD", strict.password)
    told = CliRunner().invoke(cli, ["doctor", "--json", "--uri", over(strict, "bolt+ssc").uri])
    assert told.exit_code == 1
    found = {finding["name"]: finding for finding in json.loads(told.stdout)["findings"]}
    assert (found["access"]["ok"], found["access"]["found"]) == (False, "online, read-only")
    assert "make it writable" in found["access"]["advice"]
    assert found["transport"]["found"] == "TLS, any certificate"
    assert strict.password not in told.output


def test_a_local_server_listens_on_loopback_alone(server: LocalServer) -> None:
    """By the sockets of its process: nobody can come in at any other address of this machine."""
    process = Path(f"/proc/{server.status().pid}")
    if not (process / "net/tcp").exists():
        pytest.skip("no /proc on this system to see sockets in")
    held = set(links(process / "fd"))
    lines = [line.split() for kind in ("tcp", "tcp6") for line in (process / "net" / kind).read_text().splitlines()[1:]]
    listening = [line[1].rsplit(":", 1) for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in held]
    assert len(listening) == 2
    assert {address for address, _ in listening} <= {"0100007F", "0000000000000000FFFF00000100007F"}
