"""``Describer``: explanations in rows become sentences in names.

Other users appear as counts, but for those whom the schema's ``reasons.people`` lets a user be told of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.explain.phrases import Phrases
from graphrec_neo4j.explain.stored import Described, Node, Reason, encode
from graphrec_neo4j.explain.words import sentence, short
from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation
from graphrec_neo4j.schema import EdgeType
from graphrec_neo4j.snapshot import GraphSnapshot, Nodes

_NAMED = 2


class Describer:
    """Puts the explanations of one snapshot's users and items into words."""

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self.snapshot, self.schema = snapshot, snapshot.schema
        self._named = {name: _named(name, nodes) for name, nodes in snapshot.nodes.items()}
        self._titles = [node.name for node in self._named[self.schema.recommend]]
        self._phrases = Phrases(self.schema)
        self._interactions = tuple(self.schema.by_role("interaction"))

    def reason(self, explanation: Explanation, user: int, item: int) -> str:
        """Return one sentence with the top one or two contributions, for a user's and an item's row."""
        return sentence(self.described(explanation, user, item), self._titles[item])

    def stored(self, explanation: Explanation, user: int, item: int) -> str:
        """Return the text under which the explanation is stored."""
        return encode(self.described(explanation, user, item))

    def block(
        self, explanations: Iterable[Sequence[Explanation | None]], users: npt.ArrayLike, items: npt.NDArray[np.integer]
    ) -> tuple[list[list[str]], list[list[str]]]:
        """Return (reasons, stored texts) for a block of n users with their lists.

        ``explanations`` gives n sequences of up to k, ``users`` (n,) and ``items`` (n, k) their rows; places that
        hold NO_ITEM are left out.
        """
        reasons, texts = [], []
        for row, user, listed in zip(explanations, np.asarray(users).tolist(), items.tolist(), strict=True):
            pairs = [(why, item) for why, item in zip(row, listed, strict=False) if why is not None and item != NO_ITEM]
            described = [(self.described(why, user, item), item) for why, item in pairs]
            reasons.append([sentence(each, self._titles[item]) for each, item in described])
            texts.append([encode(each) for each, _ in described])
        return reasons, texts

    def described(self, explanation: Explanation, user: int, item: int) -> Described:
        """Return the explanation in words, its contributions at seven digits and ``other`` as what is left.

        A score without contributions, as of an item that fills a short list up, is explained by its popularity.
        """
        if not explanation.contributions:
            popular = self._reason(Contribution("popularity", 0.0), user, item)
            return Described(explanation.score, explanation.exact, explanation.score, (popular,))
        reasons = tuple([self._reason(part, user, item) for part in explanation.contributions])
        other = explanation.score - sum([reason.score for reason in reasons])
        return Described(explanation.score, explanation.exact, other, reasons)

    def _reason(self, part: Contribution, user: int, item: int) -> Reason:
        node = self._shown(part)
        first = part.edges[0] if part.edges else ALL_INTERACTIONS
        if node and part.kind == "taste" and first == ALL_INTERACTIONS and len(self._interactions) > 1:
            first = self._own_edge(user, part.path[0][1])
        backward = False
        if part.kind == "tie" and part.path:
            first, backward = self._tie(user, part)
        counted = part.count
        if node is None:
            counted = counted or int(self._chosen_by[item])
        people = self._people(part, user, item) if node and self.schema.reasons.people == "everybody" else ()
        words = self._phrases.of(part, first, counted, shown=node is not None, people=people, backward=backward)
        return Reason(float(f"{part.score:.7g}"), part.kind, counted, node, words)

    def _shown(self, part: Contribution) -> Node | None:
        """The node that may be named: a user's own choice or friend, or the category."""
        if part.kind not in ("taste", "tie", "category") or not part.path:
            return None
        if part.kind == "tie" and self.schema.reasons.people == "nobody":
            return None
        kind, row = part.path[0]
        if part.kind == "category":
            ends = (self.schema.recommend_to, self.schema.recommend)
            kind, row = next((node for node in reversed(part.path) if node[0] not in ends), part.path[-1])
        return self._named[kind][row]

    def _people(self, part: Contribution, user: int, item: int) -> list[str]:
        """Some who like both ends of a taste: those with the shortest histories, for whom both weigh most."""
        if part.kind != "taste" or not part.count:
            return []
        both = np.intersect1d(self._people_of(part.path[0][1]), self._people_of(item))
        both = both[both != user]
        nearest = both[np.argsort(self._histories[both], kind="stable")[: min(_NAMED, part.count)]]
        return [self._named[self.schema.recommend_to][row].name for row in nearest.tolist()]

    def _people_of(self, item: int) -> npt.NDArray[np.int32]:
        return self._chosen.indices[self._chosen.indptr[item] : self._chosen.indptr[item + 1]]

    def _own_edge(self, user: int, item: int) -> str:
        """The interaction type that joins this user and this item, where several are walked as one."""
        for name, (pairs, width, forward) in self._own_edges.items():
            wanted = user * width + item if forward else item * width + user
            if _holds(pairs, wanted):
                return name
        return ALL_INTERACTIONS

    def _tie(self, user: int, part: Contribution) -> tuple[str, bool]:
        """The first of a part's edge types that joins the user to her friend, and whether it runs to her alone."""
        friend = part.path[0][1]
        for name in part.edges:
            if name in self._ties:
                if _holds(self._ties[name], user * len(self.snapshot.users) + friend):
                    return name, False
                if _holds(self._ties[name], friend * len(self.snapshot.users) + user):
                    return name, self.schema.edges[name].directed
        return part.edges[0] if part.edges else ALL_INTERACTIONS, False

    @cached_property
    def _ties(self) -> dict[str, npt.NDArray[np.int64]]:
        """Every edge type among users as one sorted number a (source, target) pair."""
        among = {name: self.snapshot.edges[name] for name, kind in self.schema.edges.items() if self._is_tie(kind)}
        width = len(self.snapshot.users)
        return {name: np.sort(edges.source.astype(np.int64) * width + edges.target) for name, edges in among.items()}

    def _is_tie(self, kind: EdgeType) -> bool:
        return kind.source == kind.target == self.schema.recommend_to

    @cached_property
    def _own_edges(self) -> dict[str, tuple[npt.NDArray[np.int64], int, bool]]:
        """Every interaction type, most important first, as one sorted number a (source, target) pair."""
        found = {}
        for name in sorted(self._interactions, key=lambda name: -self.schema.edges[name].importance):
            edges, kind = self.snapshot.edges[name], self.schema.edges[name]
            width = len(self.snapshot.nodes[kind.target])
            forward = kind.source == self.schema.recommend_to
            found[name] = (edges.source.astype(np.int64) * width + edges.target, width, forward)
        return found

    @cached_property
    def _chosen_by(self) -> npt.NDArray[np.int64]:
        return np.bincount(self.snapshot.interactions.indices, minlength=len(self.snapshot.items))

    @cached_property
    def _chosen(self) -> sparse.csc_matrix:
        return self.snapshot.interactions.tocsc().sorted_indices()

    @cached_property
    def _histories(self) -> npt.NDArray[np.int32]:
        return np.diff(self.snapshot.interactions.indptr)


def _named(type_name: str, nodes: Nodes) -> list[Node]:
    names = [None] * len(nodes) if nodes.names is None else nodes.names.tolist()
    return [
        Node(type_name, key, short(str(key if name is None else name)))
        for key, name in zip(nodes.ids.keys, names, strict=True)
    ]


def _holds(pairs: npt.NDArray[np.int64], wanted: int) -> bool:
    place = int(np.searchsorted(pairs, wanted))
    return bool(place < len(pairs) and pairs[place] == wanted)
