"""docker-compose.yml offers the server that the package pins."""

from pathlib import Path

from graphrec_neo4j.server.artefacts import NEO4J_VERSION

COMPOSE = (Path(__file__).parents[2] / "docker-compose.yml").read_text(encoding="utf-8")


def test_the_container_is_the_pinned_community_version() -> None:
    assert f"image: neo4j:{NEO4J_VERSION}-community\n" in COMPOSE


def test_the_container_listens_on_loopback_and_wants_a_password() -> None:
    ports = [line for line in COMPOSE.splitlines() if ':7474"' in line or ':7687"' in line]
    assert len(ports) == 2
    assert all('"127.0.0.1:' in line for line in ports)
    assert "${NEO4J_PASSWORD:?" in COMPOSE
    assert "healthcheck:" in COMPOSE
