"""``Describer``: explanations in rows become sentences in names.

Other users appear as counts; only whom a user is tied to is named to her.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.explain.stored import Described, Reason, encode
from graphrec_neo4j.explain.words import CHOSE, Verb, friend, people, percent, verb_for
from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation
from graphrec_neo4j.schema import EdgeType
from graphrec_neo4j.snapshot import GraphSnapshot

_WORTH_SAYING = 0.05


def sentence(described: Described, most: int = 2) -> str:
    """Return the largest ``most`` reasons in one sentence, the first whatever its share, others from 5 % on."""
    told = [r for n, r in enumerate(described.reasons[:most]) if n == 0 or r.share >= _WORTH_SAYING]
    return "; ".join(reason.text + percent(reason.share, exact=described.exact) for reason in told)


class Describer:
    """Puts the explanations of one snapshot's users and items into words."""

    def __init__(self, snapshot: GraphSnapshot) -> None:
        self.snapshot, self.schema = snapshot, snapshot.schema
        self._keys = {name: nodes.ids.keys for name, nodes in snapshot.nodes.items()}
        self._names = {
            name: [
                str(key) if shown is None else str(shown)
                for key, shown in zip(nodes.ids.keys, _names(nodes.names, len(nodes)), strict=True)
            ]
            for name, nodes in snapshot.nodes.items()
        }
        self._item_names = self._names[self.schema.recommend]
        self._verbs = {name: _verb(edge) for name, edge in self.schema.edges.items()}
        self._interactions = tuple(self.schema.by_role("interaction"))

    def reason(self, explanation: Explanation, user: int, item: int) -> str:
        """Return one sentence with the top one or two contributions, for a user's and an item's row."""
        return sentence(self.described(explanation, user, item))

    def stored(self, explanation: Explanation, user: int, item: int) -> str:
        """Return the text under which the explanation is stored."""
        return encode(self.described(explanation, user, item))

    def block(
        self, explanations: Iterable[Sequence[Explanation]], users: npt.ArrayLike, items: npt.NDArray[np.integer]
    ) -> tuple[list[list[str]], list[list[str]]]:
        """Return (reasons, stored texts) for a block of n users with their lists.

        ``explanations`` gives n sequences of up to k, ``users`` (n,) and ``items`` (n, k) their rows; places that
        hold NO_ITEM are left out.
        """
        reasons, texts = [], []
        for row, user, listed in zip(explanations, np.asarray(users).tolist(), items.tolist(), strict=True):
            pairs = [(why, item) for why, item in zip(row, listed, strict=False) if item != NO_ITEM]
            described = [self.described(why, user, item) for why, item in pairs]
            reasons.append([sentence(each) for each in described])
            texts.append([encode(each) for each in described])
        return reasons, texts

    def described(self, explanation: Explanation, user: int, item: int) -> Described:
        """Return the explanation in words, its contributions at seven digits and ``other`` as what is left.

        A score without contributions, as of an item that fills a short list up, is explained by its popularity.
        """
        total = explanation.score
        reasons = tuple(self._reason(part, total, user, item) for part in explanation.contributions)
        other = total - sum(reason.score for reason in reasons) if reasons else explanation.other
        if not reasons:
            reasons = (self._reason(Contribution("popularity", 0.0), total, user, item),)
        return Described(total, explanation.exact, other, reasons)

    def _reason(self, part: Contribution, total: float, user: int, item: int) -> Reason:
        score = float(f"{part.score:.7g}")
        share = round(score / total, 4) if total > 0 else 0.0
        path, text = self._words(part, user, self._item_names[item], item)
        return Reason(share, score, part.kind, part.count, self._shown(part), path, text)

    def _shown(self, part: Contribution) -> tuple[tuple[str, str | int], ...]:
        """The nodes that may be named: of a tie the user's own friend, else no user."""
        if part.kind in ("taste", "tie"):
            nodes = part.path[:1]
        else:
            nodes = tuple(node for node in part.path if node[0] != self.schema.recommend_to)
        return tuple((kind, self._keys[kind][row]) for kind, row in nodes)

    def _words(self, part: Contribution, user: int, item_name: str, item: int) -> tuple[str, str]:
        if part.kind == "taste" and part.path:
            return self._taste(part, user, item_name)
        if part.kind == "tie" and part.path:
            return self._tie(part, item_name)
        if part.kind == "category" and part.path:
            return self._category(part, item_name)
        return self._popularity(part.count or int(self._chosen_by[item]), item_name)

    def _popularity(self, count: int, item_name: str) -> tuple[str, str]:
        if not count:
            return item_name, "not chosen by anyone yet"
        verb = self._interaction(ALL_INTERACTIONS)
        crowd = people(count)
        return f"{crowd} → {item_name}", f"popular: {crowd} {verb.one if count == 1 else verb.you} it"

    def _taste(self, part: Contribution, user: int, item_name: str) -> tuple[str, str]:
        kind, row = part.path[0]
        name = self._names[kind][row]
        verb = self._own_verb(part.edges[0] if part.edges else ALL_INTERACTIONS, user, row)
        if not part.count:
            return f"you → {name} → {item_name}", f"because you {verb.you} {name}, which is like {item_name}"
        theirs = self._interaction(part.edges[-1] if part.edges else ALL_INTERACTIONS)
        crowd = people(part.count)
        also = theirs.one if part.count == 1 else theirs.others
        return (
            f"you → {name} → {crowd} → {item_name}",
            f"because you {verb.you} {name}, as {verb.auxiliary} {crowd} who also {also} {item_name}",
        )

    def _tie(self, part: Contribution, item_name: str) -> tuple[str, str]:
        kind, row = part.path[0]
        name = self._names[kind][row]
        edge = self.schema.edges.get(part.edges[0]) if part.edges else None
        who = friend(name, _type_of(edge), directed=edge.directed) if edge else friend(name, "", directed=False)
        verb = self._interaction(part.edges[-1] if part.edges else ALL_INTERACTIONS)
        if len(part.path) == 1:
            return f"you → {name} → {item_name}", f"because {who} {verb.one} it"
        crowd = people(max(1, part.count))
        also = verb.one if part.count <= 1 else verb.others
        return f"you → {name} → {crowd} → {item_name}", f"because {crowd} close to {who.rstrip(',')} {also} it"

    def _category(self, part: Contribution, item_name: str) -> tuple[str, str]:
        ends = (self.schema.recommend_to, self.schema.recommend)
        kind, row = next((node for node in reversed(part.path) if node[0] not in ends), part.path[-1])
        name = self._names[kind][row]
        if len(part.edges) == 2:
            verb = self._verbs.get(part.edges[0], CHOSE)
            shared = (
                f"you {verb.you} {name}, and {item_name} goes with it" if verb != CHOSE else f"you and it share {name}"
            )
            return f"you → {name} → {item_name}", f"because {shared}"
        if not part.count:
            return f"you → {name} → {item_name}", f"because you like things in {name}"
        things = "one thing" if part.count == 1 else f"{part.count:,} things"
        are = "is" if part.count == 1 else "are"
        return f"you → {things} → {name} → {item_name}", f"because {things} you like {are} in {name}"

    def _interaction(self, edge: str) -> Verb:
        """The verb of an edge type; of all interactions together, that of the only one, else "chose"."""
        if edge == ALL_INTERACTIONS and len(self._interactions) == 1:
            edge = self._interactions[0]
        return self._verbs.get(edge, CHOSE)

    def _own_verb(self, edge: str, user: int, item: int) -> Verb:
        """The verb for what this user did with this item, looked up where several types are walked as one."""
        if edge != ALL_INTERACTIONS or len(self._interactions) == 1:
            return self._interaction(edge)
        for name, (pairs, width, forward) in self._own_edges.items():
            wanted = user * width + item if forward else item * width + user
            place = int(np.searchsorted(pairs, wanted))
            if place < len(pairs) and pairs[place] == wanted:
                return self._verbs[name]
        return CHOSE

    @cached_property
    def _own_edges(self) -> dict[str, tuple[npt.NDArray[np.int64], int, bool]]:
        """Every interaction type, most telling first, as one sorted number a (source, target) pair."""
        found = {}
        ranked = sorted(self._interactions, key=lambda name: -self.schema.edges[name].importance)
        for name in ranked:
            edges, kind = self.snapshot.edges[name], self.schema.edges[name]
            width = len(self.snapshot.nodes[kind.target])
            forward = kind.source == self.schema.recommend_to
            found[name] = (edges.source.astype(np.int64) * width + edges.target, width, forward)
        return found

    @cached_property
    def _chosen_by(self) -> npt.NDArray[np.int64]:
        return np.bincount(self.snapshot.interactions.indices, minlength=len(self.snapshot.items))


def _names(names: npt.NDArray[np.object_] | None, length: int) -> Sequence[object]:
    return [None] * length if names is None else names.tolist()


def _type_of(edge: EdgeType) -> str:
    return edge.type or (edge.via.label if edge.via else "")


def _verb(edge: EdgeType) -> Verb:
    """A path through an Order or a Purchase speaks by the label of its middle node."""
    return verb_for(_type_of(edge), liked=edge.positive_from is not None)
