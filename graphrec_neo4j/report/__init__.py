"""One self-contained page that shows a comparison of models; knows only the JSON of ``evaluate``."""

from graphrec_neo4j.report.page import page

__all__ = ["page"]
