"""A schema for a database that nobody has described yet, with every assumption said in a sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from graphrec_neo4j.errors import SchemaError
from graphrec_neo4j.schema import GraphSchema
from loaders.inspect import DatabaseFacts, LabelFacts, RelationshipFacts
from loaders.propose_properties import key_of, name_of, time_of, weight_of

_PEOPLE = re.compile(
    "user|customer|person|people|member|reader|listener|viewer|player|student|account|client|visitor|buyer|patient|"
    "candidate|employee|author|follower|profile",
    re.IGNORECASE,
)
_THINGS = re.compile(
    "item|product|movie|film|book|article|song|artist|track|album|job|course|recipe|game|restaurant|place|venue|"
    "business|post|video|app|hotel|repo|event|paper|document|news|podcast|show|sku",
    re.IGNORECASE,
)
_ACTS = re.compile(
    "rate|like|bought|buy|purchas|view|interact|watch|listen|read|click|play|visit|review|order|check|star|favo|appl|"
    "enrol|saved|added|bookmark|attend|stream|download",
    re.IGNORECASE,
)
_ORDERS = re.compile("order|purchase|basket|cart|transaction|session|invoice|visit|event|booking|rental", re.IGNORECASE)

_CLEAR, _LIKELY = 4, 2


@dataclass(frozen=True)
class Proposal:
    """A schema, what was assumed, and a comment for each part of its file."""

    schema: GraphSchema
    assumptions: tuple[str, ...]
    comments: Mapping[str, str]


@dataclass(frozen=True)
class _Link:
    """One way from a label to another: a relationship, or two through a node."""

    source: str
    target: str
    edges: int
    parts: tuple[RelationshipFacts, ...]

    @property
    def via(self) -> str | None:
        """The label in the middle."""
        if len(self.parts) == 1:
            return None
        first = self.parts[0]
        return first.target if first.source == self.source else first.source


@dataclass
class _Draft:
    facts: DatabaseFacts
    keys: dict[str, tuple[str, str]]
    assumptions: list[str] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)

    def assume(self, part: str, sentence: str) -> None:
        """Say one assumption, and put it above the part of the file that it made."""
        self.assumptions.append(sentence)
        self.comments[part] = "\n".join(filter(None, [self.comments.get(part), sentence]))


def propose(facts: DatabaseFacts) -> Proposal:
    """Return the likeliest schema; raises SchemaError where nothing can be recommended to anybody."""
    keys = {label: key for label, found in facts.labels.items() if (key := key_of(found))}
    draft = _Draft(facts, keys)
    keyless = sorted(facts.labels.keys() - keys.keys())
    user, item, main = _roles(draft)
    draft.assume("recommend_to", f"{user} nodes get recommendations.")
    draft.assume("recommend", f"{item} nodes are recommended.")
    mains = [main] if main else []
    links = mains + [link for link in _direct(draft) if link != main and {link.source, link.target} & {user, item}]
    used = dict.fromkeys([user, item, *(end for link in links for end in (link.source, link.target))])
    data = {
        "recommend_to": user,
        "recommend": item,
        "nodes": {label: _node(draft, facts.labels[label]) for label in used},
        "edges": dict(_edges(draft, links, (user, item))),
    }
    middle = main.via if main else None
    for label in keyless:
        if label != middle:
            draft.assumptions.append(
                f"{label} nodes are left out: no property of theirs is a unique string or integer."
            )
    far = sorted(keys.keys() - used.keys() - {middle})
    draft.assumptions += [f"{label} nodes are left out: nothing joins them to {user} or {item}." for label in far]
    return Proposal(GraphSchema.model_validate(data), tuple(draft.assumptions), draft.comments)


def _direct(draft: _Draft) -> list[_Link]:
    return [
        _Link(found.source, found.target, found.edges, (found,))
        for found in draft.facts.relationships
        if found.source in draft.keys and found.target in draft.keys
    ]


def _through(draft: _Draft) -> list[_Link]:
    """Ways of two relationships through a node that looks like an order, between two different labels."""
    links = []
    for first, second in product(draft.facts.relationships, repeat=2):
        for middle in {first.source, first.target} & {second.source, second.target}:
            source = first.target if first.source == middle else first.source
            target = second.target if second.source == middle else second.source
            if _ORDERS.search(middle) and len({source, middle, target}) == 3 and {source, target} <= draft.keys.keys():
                links.append(_Link(source, target, min(first.edges, second.edges), (first, second)))
    return links


def _roles(draft: _Draft) -> tuple[str, str, _Link | None]:
    """Who gets recommended what, and the link that says who liked what, if there is one."""
    direct = _direct(draft)
    between = [link for link in direct if link.source != link.target]
    acting = [link for link in between if _PEOPLE.search(link.source + link.target) and _score(link) >= _CLEAR]
    links = acting or [link for link in _through(draft) if _score(link) >= _LIKELY]
    shared = _shared(between)
    if not links and shared:
        draft.assumptions.append(f"No relationship says which {shared[1]} a {shared[0]} liked; what they share does.")
        return *shared, None
    links = links or between or direct
    if not links:
        raise SchemaError(
            "no two kinds of nodes with a unique string or integer property are joined by a relationship, so there is "
            "nothing to recommend; load a graph, or write graphrec.toml by hand."
        )
    main = max(links, key=lambda link: (_score(link), link.edges))
    forward = _reads_as_people(main.source, main.target)
    return (main.source, main.target, main) if forward else (main.target, main.source, main)


def _shared(links: list[_Link]) -> tuple[str, str] | None:
    """People and things that are joined to a third kind of nodes, as members and jobs are to skills."""
    joined: dict[str, set[str]] = {}
    for link in links:
        joined.setdefault(link.source, set()).add(link.target)
        joined.setdefault(link.target, set()).add(link.source)
    for user, item in product(sorted(joined), repeat=2):
        alike = _PEOPLE.search(item) or not _PEOPLE.search(user) or not _THINGS.search(item)
        if not alike and joined[user] & joined[item]:
            return user, item
    return None


def _score(link: _Link) -> float:
    user, item = (
        (link.source, link.target) if _reads_as_people(link.source, link.target) else (link.target, link.source)
    )
    score = 3.0 * bool(_PEOPLE.search(user)) + 2.0 * bool(_THINGS.search(item))
    score += 2.0 * any(_ACTS.search(part.type) for part in link.parts)
    return score + min(link.edges, 10**9) ** 0.5 / 10**5


def _reads_as_people(source: str, target: str) -> bool:
    """Whether the first of two labels is who acts; the one that a relationship starts from, where both could be."""
    return bool(_PEOPLE.search(source)) or not _PEOPLE.search(target)


def _node(draft: _Draft, found: LabelFacts) -> dict[str, Any]:
    key, kind = draft.keys[found.label]
    name = name_of(found, key)
    draft.comments[f"nodes.{found.label}"] = f"{found.nodes:,} nodes."
    if key not in found.unique:
        draft.assume(
            f"nodes.{found.label}",
            f"{found.label}.{key} is taken as the key: all {found.sampled:,} sampled are different.",
        )
    return {"label": found.label, "key": key, "key_type": kind} | ({"name": name} if name else {})


def _edges(draft: _Draft, links: list[_Link], ends: tuple[str, str]) -> Iterable[tuple[str, dict[str, Any]]]:
    types = Counter(link.parts[0].type if link.via is None else _verb(link) for link in links)
    for link in links:
        name = link.parts[0].type if link.via is None else _verb(link)
        if types[name] > 1:
            name = f"{link.source} {name} {link.target}"
        yield name, _edge(draft, name, link, ends)


def _verb(link: _Link) -> str:
    return link.via or link.parts[0].type


def _edge(draft: _Draft, name: str, link: _Link, ends: tuple[str, str]) -> dict[str, Any]:
    part = f"edges.{name}"
    interaction = {link.source, link.target} == set(ends)
    edge: dict[str, Any] = {"from": link.source, "to": link.target}
    draft.comments[part] = f"{link.edges:,} relationships."
    if link.via is None:
        edge["type"] = link.parts[0].type
    else:
        edge["via"] = _via(link)
        draft.assume(part, f"A {link.source} and a {link.target} are joined through {link.via} nodes.")
    places = _places(draft, link)
    weights = [(place, weight) for place, facts in places if (weight := weight_of(facts))]
    times = [(place, time) for place, facts in places if (time := time_of(facts))]
    for on, weight in weights[:1]:
        edge["weight"] = _place(on, weight.name)
        draft.assume(part, f"{name}: {weight.name} is the weight.")
        if interaction and weight.positive_from is not None:
            edge["positive_from"] = weight.positive_from
            draft.assume(
                part,
                f"{name}: {weight.name} is a rating, and one of {weight.positive_from:g} or more is positive.",
            )
    for on, time in times[:1]:
        edge["time"], edge["time_unit"] = _place(on, time.name), time.unit
        draft.assume(part, f"{name}: {time.name} is the time, stored as {time.unit}.")
    return edge


def _via(link: _Link) -> dict[str, str]:
    first, second = link.parts
    via = {"label": str(link.via), "first": first.type, "second": second.type}
    if first.source != link.source:
        via["first_direction"] = "in"
    if second.target != link.target:
        via["second_direction"] = "in"
    return via


def _places(draft: _Draft, link: _Link) -> list[tuple[str, LabelFacts | RelationshipFacts]]:
    """Where an edge may keep weight and time, the likeliest first."""
    if link.via is None:
        return [("", link.parts[0])]
    return [("second", link.parts[1]), ("node", draft.facts.labels[link.via]), ("first", link.parts[0])]


def _place(on: str, name: str) -> str | dict[str, str]:
    return {"on": on, "property": name} if on else name
