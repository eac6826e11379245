"""Answers for pairs that are not published: the fitted model from the user's cache folder, or fitted once more."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import PublishError
from graphrec_neo4j.explain.sentences import Describer
from graphrec_neo4j.explain.stored import Described
from graphrec_neo4j.ids import Key
from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.models.deep_reasons import deep_reasons
from graphrec_neo4j.ranking.counterfactual import Change, Listed, comes_with, leaves_without
from graphrec_neo4j.run_cache import kept_model
from graphrec_neo4j.runs import current_run
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.from_neo4j import from_neo4j

if TYPE_CHECKING:
    from graphrec_neo4j.picture.subgraph import NamedReasons

_CONTRIBUTIONS = 5
_LISTED = 20


@dataclass(frozen=True)
class WhatIf:
    """What would change whether an item is in a user's list of ``k``: ``listed`` now, and without or with what not.

    ``items`` are (id, title) of interactions to be taken away where it is listed, else of one to be added; None where
    nothing was found that would. ``smallest`` says that no fewer would do.
    """

    listed: bool
    k: int
    items: tuple[tuple[Key, str], ...] | None
    smallest: bool

    def to_json(self) -> dict[str, Any]:
        """Return ``what_if`` of ``explain --json``."""
        items = None if self.items is None else [{"item": key, "title": title} for key, title in self.items]
        return asdict(self) | {"items": items}


class _Asked(NamedTuple):
    """The published run's model for a pair of rows of the graph as it is; ``fitted`` if it had to be fitted again."""

    model: Recommender
    snapshot: GraphSnapshot
    user: int
    item: int
    fitted: bool


def explain_pair(database: Database, user: Key, item: Key) -> tuple[Described, bool]:
    """Explain any pair under the published run; also says whether the model had to be fitted again.

    The graph is read once more; the kept model is only trusted where it was fitted on exactly this graph, else the
    run's model is fitted again with its settings and seed. Raises PublishError where nothing is published and
    UnknownIdError for a user or an item that is not there.
    """
    asked = _asked(database, user, item)
    explanation = asked.model.explain(asked.user, asked.item, _CONTRIBUTIONS)
    return Describer(asked.snapshot).described(explanation, asked.user, asked.item), asked.fitted


def what_if(database: Database, user: Key, item: Key) -> tuple[WhatIf, bool]:
    """Say what would take ``item`` out of the user's list of 20 or bring it in; otherwise as :func:`explain_pair`.

    By the list that the model makes of her own history alone, with all that others did as it is: what a model has
    from friends, and what it learnt of her beside her history, has no part in it.
    """
    model, snapshot, row, item_row, fitted = _asked(database, user, item)
    listed = Listed(model, snapshot.interactions, snapshot.seen, row, item_row, _LISTED)
    now = listed.now()
    change: Change | None = leaves_without(listed) if now else comes_with(listed)
    items = None if change is None else tuple(_titled(snapshot, each) for each in change.items)
    return WhatIf(now, _LISTED, items, change is not None and change.smallest), fitted


def subgraph(database: Database, user: Key, item: Key) -> tuple[NamedReasons, bool]:
    """Find the edges that carry the score in the network that was trained, and the best paths; as :func:`explain_pair`.

    Raises ModelError where the published model has no network.
    """
    from graphrec_neo4j.picture.subgraph import named

    model, snapshot, row, item_row, fitted = _asked(database, user, item)
    return named(deep_reasons(model, snapshot, row, item_row), snapshot, row, item_row), fitted


def _titled(snapshot: GraphSnapshot, row: int) -> tuple[Key, str]:
    key, names = snapshot.items.ids.key(row), snapshot.items.names
    name = None if names is None else names[row]
    return key, str(key if name is None else name)


def _asked(database: Database, user: Key, item: Key) -> _Asked:
    run = current_run(database)
    if run is None:
        raise PublishError("nothing is published in this database yet: run graphrec-neo4j sync first.")
    snapshot = from_neo4j(database, run.schema)
    rows = snapshot.users.ids.row(user), snapshot.items.ids.row(item)
    kept = kept_model(database, run, snapshot)
    model = kept or create(run.model, **run.settings).fit(snapshot, seed=run.seed)
    return _Asked(model, snapshot, *rows, kept is None)
