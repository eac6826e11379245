"""The analyst's desk in Neo4j Browser: a style, saved queries and a guide, in the names of one graph."""

from graphrec_neo4j.desk.files import Desk, desk_files
from graphrec_neo4j.desk.helper import Helper

__all__ = ["Desk", "Helper", "desk_files"]
