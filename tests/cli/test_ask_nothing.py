"""The commands that answer where there is nothing to answer from."""

import json

import pytest

from graphrec_neo4j.cli import main
from graphrec_neo4j.queries import query_names
from graphrec_neo4j.settings import Connection


@pytest.mark.live
@pytest.mark.parametrize(
    "arguments", [["recommend", "1"], ["similar", "1"], ["explain", "1", "2"], ["query", "popular"], ["browser"]]
)
def test_before_the_first_sync_one_sentence_says_what_to_do(
    empty_database: Connection,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NEO4J_URI", empty_database.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", empty_database.password)
    monkeypatch.setattr("sys.argv", ["graphrec-neo4j", *arguments, "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr()
    assert (ended.value.code, shown.out) == (1, "")
    assert shown.err == "error: nothing is published in this database yet: run graphrec-neo4j sync first.\n"


def test_the_list_of_queries_needs_no_database(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:1")
    monkeypatch.setattr("sys.argv", ["graphrec-neo4j", "query", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    listed = json.loads(capsys.readouterr().out)
    assert not ended.value.code
    assert {row["name"] for row in listed} == {
        name.split("/")[1] for room in ("recommend", "explain") for name in query_names(room)
    }
    assert all(row["purpose"] for row in listed)
