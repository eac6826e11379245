"""A real Neo4j Community that the package fetches, verifies, starts and stops by itself."""

from graphrec_neo4j.server.local import LocalServer, ServerInfo

__all__ = ["LocalServer", "ServerInfo"]
