"""One explanation to be looked at: the paths between user and item, laid out, drawn, and one HTML page of it all."""

from graphrec_neo4j.picture.page import page
from graphrec_neo4j.picture.why import Why, explain_with_paths

__all__ = ["Why", "explain_with_paths", "page"]
