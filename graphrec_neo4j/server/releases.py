"""The Neo4j releases that the package can fetch: the long-term one, which it takes, and the newest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from graphrec_neo4j.errors import ServerError, nearest

VERSION_VARIABLE = "GRAPHREC_NEO4J_VERSION"
BROWSER_VERSION = "5.24.0"


@dataclass(frozen=True)
class Release:
    """One release: its lock, the class that starts it, and settings that only its line knows."""

    version: str
    lock_name: str
    main_class: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, ...]:
        """The version as numbers, by which releases can be compared."""
        return order_of(self.version)

    @property
    def roots(self) -> tuple[str, ...]:
        """The Maven coordinates from which all others follow."""
        return (
            f"org.neo4j.app:neo4j-server:{self.version}",
            f"org.neo4j:neo4j:{self.version}",
            f"org.neo4j:neo4j-bolt:{self.version}",
            f"org.neo4j.client:neo4j-browser:{BROWSER_VERSION}",
        )


LONG_TERM = Release("5.26.30", "neo4j.lock", "org.neo4j.server.CommunityEntryPoint")
NEWEST = Release(
    "2026.08.1",
    "neo4j-2026.lock",
    "org.neo4j.server.Neo4jCommunity",
    # Three things that look for other machines, all on unless told otherwise, and unknown to 5.26.
    {
        "dbms.fleet_manager.enabled": "false",
        "server.fleet_discovery.enabled": "false",
        "server.http.x_forward.enabled": "false",
    },
)
RELEASES = {release.version: release for release in (LONG_TERM, NEWEST)}


def chosen_release(environment: Mapping[str, str] = os.environ) -> Release:
    """The release that ``GRAPHREC_NEO4J_VERSION`` names, else the long-term one; raises ServerError for another."""
    version = environment.get(VERSION_VARIABLE) or LONG_TERM.version
    if version not in RELEASES:
        raise ServerError(
            f"{VERSION_VARIABLE} is {version!r}, which is not {' or '.join(RELEASES)}{nearest(version, RELEASES)}."
        )
    return RELEASES[version]


def order_of(version: str) -> tuple[int, ...]:
    """``2026.08.1`` as numbers."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())
