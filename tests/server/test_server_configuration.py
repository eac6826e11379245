"""neo4j.conf, auth.ini, the password file and the ports."""

import hashlib
import socket
import stat
from pathlib import Path

import pytest

from graphrec_neo4j.errors import ServerError
from graphrec_neo4j.server.configuration import (
    Ports,
    auth_ini,
    choose_ports,
    free_port,
    is_free,
    neo4j_conf,
    write_credentials,
    write_private,
)


def settings(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_the_server_listens_on_loopback_and_advertises_the_same() -> None:
    conf = settings(neo4j_conf(Ports(bolt=1111, http=2222), "256m"))
    assert conf["server.default_listen_address"] == "127.0.0.1"
    assert conf["server.bolt.listen_address"] == conf["server.bolt.advertised_address"] == "127.0.0.1:1111"
    assert conf["server.http.listen_address"] == conf["server.http.advertised_address"] == "127.0.0.1:2222"
    assert conf["server.https.enabled"] == "false"


def test_authentication_stays_on_and_nothing_is_reported() -> None:
    conf = settings(neo4j_conf(Ports(1, 2), "256m"))
    assert "dbms.security.auth_enabled" not in conf
    assert conf["dbms.usage_report.enabled"] == conf["client.allow_telemetry"] == "false"


def test_browser_is_told_to_draw_only_what_a_query_returns() -> None:
    assert settings(neo4j_conf(Ports(1, 2), "256m"))["browser.post_connect_cmd"] == "config autoComplete: false"


def test_auth_ini_holds_the_digest_of_the_official_tool() -> None:
    salt = bytes(range(32))
    expected = salt + b"a password"
    for _ in range(1024):
        expected = hashlib.new("sha256", expected).digest()
    assert auth_ini("a password", salt) == f"neo4j:SHA-256,{expected.hex()},{salt.hex()},1024:\n"


def test_a_new_home_gets_a_password_that_only_the_user_can_read(tmp_path: Path) -> None:
    write_credentials(tmp_path, tmp_path / "password")
    password = (tmp_path / "password").read_text()
    assert len(password) >= 20
    assert password == password.strip()
    assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600
    kind, _, salt, rounds = (tmp_path / "data/dbms/auth.ini").read_text().strip().split(",")
    assert (kind, rounds) == ("neo4j:SHA-256", "1024:")
    assert (tmp_path / "data/dbms/auth.ini").read_text() == auth_ini(password, bytes.fromhex(salt))


def test_a_password_in_use_is_left_as_it_is(tmp_path: Path) -> None:
    write_credentials(tmp_path, tmp_path / "password")
    (tmp_path / "data" / "databases").mkdir()
    before = (tmp_path / "password").read_text(), (tmp_path / "data/dbms/auth.ini").read_text()
    write_credentials(tmp_path, tmp_path / "password")
    assert ((tmp_path / "password").read_text(), (tmp_path / "data/dbms/auth.ini").read_text()) == before


def test_a_lost_password_of_a_server_with_data_is_not_made_up_anew(tmp_path: Path) -> None:
    (tmp_path / "data" / "databases").mkdir(parents=True)
    with pytest.raises(ServerError, match=r"password file .* is gone"):
        write_credentials(tmp_path, tmp_path / "password")


def test_a_private_file_replaces_one_that_others_could_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_free_ports_are_taken_as_wanted() -> None:
    wanted = Ports(free_port(), 0)
    wanted = Ports(wanted.bolt, free_port(but=wanted.bolt))
    assert choose_ports(wanted) == wanted


def test_a_taken_port_is_replaced_and_the_other_kept() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bolt, http = taken.getsockname()[1], free_port()
        chosen = choose_ports(Ports(bolt, http))
        assert not is_free(bolt)
    assert chosen.http == http
    assert chosen.bolt not in (bolt, http)


def test_a_port_taken_on_all_addresses_is_not_free() -> None:
    with socket.create_server(("", 0)) as taken:
        assert not is_free(taken.getsockname()[1])


def test_a_port_with_a_dying_connection_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
    assert is_free(port)


def test_the_same_port_is_never_given_twice() -> None:
    port = free_port()
    chosen = choose_ports(Ports(port, port))
    assert chosen.bolt == port != chosen.http
