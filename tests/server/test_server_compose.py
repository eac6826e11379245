"""docker-compose.yml offers the server that the package pins."""

import re
from pathlib import Path

from graphrec_neo4j.server.releases import LONG_TERM

COMPOSE = (Path(__file__).parents[2] / "docker-compose.yml").read_text(encoding="utf-8")


def test_the_container_is_the_pinned_community_version() -> None:
    assert f"image: neo4j:{LONG_TERM.version}-community\n" in COMPOSE


def test_the_container_listens_on_loopback_and_wants_a_password() -> None:
    ports = re.findall(r'- "(.*:7474|.*:7687)"', COMPOSE)
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "${NEO4J_PASSWORD:?" in COMPOSE
    assert "healthcheck:" in COMPOSE
