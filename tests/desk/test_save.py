"""``browser --save`` on a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from readers import publish_readers

from graphrec_neo4j.cli import cli
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live


def test_the_desk_is_written_and_the_link_still_answered(
    empty_database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "cache"))
    publish_readers(empty_database)
    environment = {
        "NEO4J_URI": empty_database.uri,
        "NEO4J_USERNAME": empty_database.username,
        "NEO4J_PASSWORD": empty_database.password,
    }
    told = CliRunner().invoke(cli, ["browser", "r05", "--save", str(tmp_path / "desk"), "--json"], env=environment)
    assert told.exit_code == 0
    answer = json.loads(told.stdout)
    assert answer["url"].startswith("http://")
    names = sorted(path.name for path in (tmp_path / "desk").iterdir())
    assert names == ["favourites.zip", "guide.html", "style.grass"]
    assert sorted(Path(path).name for path in answer["saved"]) == names
    plain = CliRunner().invoke(cli, ["browser", "r05", "--json"], env=environment)
    assert json.loads(plain.stdout) == {"url": answer["url"]}
