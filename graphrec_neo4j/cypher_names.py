"""Schema names in Cypher: what stands in back-ticks in a ``.cypher`` file becomes a name of the user's graph.

A file speaks of the default graph (``User``, ``Item``, ``Category``, ``INTERACTED``, ``FOLLOWS``,
``IN_CATEGORY``, ``INTERESTED_IN``, ``RECOMMENDED``, ``SIMILAR``). A :class:`Naming` says what these are in one
schema: a label or several, a relationship type or several, a path through a node. Nothing else is replaced.

A branch of a subquery that begins with ``UNION ALL // optional`` is left out where the schema has no edges of a role
that the branch names; its lines are indented as far as that line or further.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from graphrec_neo4j.errors import QueryFileError
from graphrec_neo4j.schema import EdgeType, GraphSchema, NodeType, Place, Via

NODE_ROLES = ("User", "Item", "Category")
EDGE_ROLES = {
    "INTERACTED": ("User", "Item"),
    "FOLLOWS": ("User", "User"),
    "IN_CATEGORY": ("Item", "Category"),
    "INTERESTED_IN": ("User", "Category"),
}
RESULT_ROLES = ("RECOMMENDED", "SIMILAR")
KNOWN_NAMES = frozenset({*NODE_ROLES, *EDGE_ROLES, *RESULT_ROLES, "id", "name", "title", "weight", "time", "watermark"})

NEEDS = {
    "INTERACTED": "interactions",
    "FOLLOWS": "ties between users",
    "IN_CATEGORY": "categories of items",
    "INTERESTED_IN": "categories of users",
    "Category": "categories",
}


def quoted(name: str) -> str:
    """Return ``name`` as a Cypher identifier that is exactly this name, whatever is in it.

    Back-ticks are doubled. The parser reads unicode escapes inside names too, so a backslash becomes one itself.
    """
    if "\0" in name or not name:
        raise QueryFileError(f"{name!r} cannot be a name in Neo4j; use one without NUL characters.")
    return "`" + name.replace("\\", "\\u005C").replace("`", "``") + "`"


def text_literal(text: str) -> str:
    """Return ``text`` as a Cypher string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@dataclass(frozen=True)
class Naming:
    """What every role is in one schema: node types for labels, edge types for relationships."""

    nodes: Mapping[str, tuple[NodeType, ...]]
    edges: Mapping[str, tuple[tuple[EdgeType, bool], ...]]
    seen: tuple[tuple[EdgeType, bool], ...]
    results: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: GraphSchema) -> Naming:
        """The roles as the schema's ends and roles say; an edge comes with whether it runs as the role does."""
        user, item = schema.recommend_to, schema.recommend
        categories = schema.by_role("category")
        of_item = {name: edge for name, edge in categories.items() if item in (edge.source, edge.target)}
        of_user = {name: edge for name, edge in categories.items() if user in (edge.source, edge.target)}
        types = dict.fromkeys(
            end for edge in categories.values() for end in (edge.source, edge.target) if end not in (user, item)
        )
        excluding = [edge for name, edge in schema.edges.items() if schema.excludes(name)]
        return cls(
            nodes={
                "User": (schema.nodes[user],),
                "Item": (schema.nodes[item],),
                "Category": tuple(schema.nodes[name] for name in types),
            },
            edges={
                "INTERACTED": _oriented(schema.by_role("interaction").values(), user),
                "FOLLOWS": _oriented(schema.by_role("tie").values(), user),
                "IN_CATEGORY": _oriented(of_item.values(), item),
                "INTERESTED_IN": _oriented(of_user.values(), user),
            },
            seen=_oriented(excluding, user),
            results={"RECOMMENDED": schema.results.recommended, "SIMILAR": schema.results.similar},
        )

    @classmethod
    def for_node(cls, node: NodeType) -> Naming:
        """A naming in which ``User`` is this one node type, for statements that serve any type."""
        return cls(nodes={"User": (node,)}, edges={}, seen=())

    @classmethod
    def for_result(cls, kind: str, source: NodeType | None = None, target: NodeType | None = None) -> Naming:
        """A naming in which ``User``-``RECOMMENDED``->``Item`` is one type of relationship, whatever it is called."""
        ends = {role: (node,) for role, node in (("User", source), ("Item", target)) if node is not None}
        return cls(nodes=ends, edges={}, seen=(), results={"RECOMMENDED": kind})

    @classmethod
    def for_edge(cls, schema: GraphSchema, edge: EdgeType) -> Naming:
        """A naming in which ``User``-``INTERACTED``->``Item`` is this one edge type."""
        ends = {"User": (schema.nodes[edge.source],), "Item": (schema.nodes[edge.target],)}
        return cls(nodes=ends, edges={"INTERACTED": ((edge, True),)}, seen=((edge, True),))


def _oriented(edges: Iterable[EdgeType], source: str) -> tuple[tuple[EdgeType, bool], ...]:
    return tuple((edge, edge.source == source) for edge in edges)


_PLAIN = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|//[^\n]*|/\*.*?\*/"
_NODE = r"\(\s*(?P<node>\w*)\s*:\s*`(?P<label>[^`]+)`(?P<key>\s*\{\s*`(?P<node_key>[^`]+)`)?"
_EDGE = r"(?P<left><?-)\[\s*(?P<edge>\w*)\s*:\s*`(?P<type>[^`]+)`\s*(?P<map>\{[^}]*\})?\s*\](?P<right>->?)"
_PROPERTY = r"(?P<owner>\w+)\.`(?P<property>[^`]+)`"
_SEEN = r"EXISTS\s*\{\s*\((?P<from>\w+)\)-\[:`INTERACTED`\]->\((?P<to>\w+)\)\s*\}"
_BRANCH = re.compile(r"^(?P<indent> *)UNION ALL // optional\n(?:(?P=indent)(?!UNION\b).*\n)*", re.MULTILINE)
_TOKEN = re.compile(f"(?P<plain>{_PLAIN})|(?P<seen>{_SEEN})|{_NODE}|{_EDGE}|{_PROPERTY}|(?P<stray>`[^`]*`)", re.DOTALL)


class Renderer:
    """Renders the body of one file for one naming; ``positive`` keeps named interactions to positive ones."""

    def __init__(self, name: str, naming: Naming, *, positive: bool) -> None:
        self.name, self.naming, self.positive = name, naming, positive
        self.owners: dict[str, str] = {}

    def render(self, body: str) -> str:
        """Return ``body`` with every schema name replaced; raises QueryFileError for one that cannot be."""
        body = _BRANCH.sub(self._if_possible, body)
        for found in _TOKEN.finditer(body):
            for variable, role in ((found["node"], found["label"]), (found["edge"], found["type"])):
                if variable and self.owners.setdefault(variable, role) != role:
                    raise QueryFileError(f"{self.name}: {variable} is both `{self.owners[variable]}` and `{role}`.")
        return _TOKEN.sub(self._replace, body)

    def _if_possible(self, branch: re.Match[str]) -> str:
        named = (role for role in EDGE_ROLES if f"`{role}`" in branch[0])
        return branch[0] if all(self.naming.edges.get(role) for role in named) else ""

    def _replace(self, found: re.Match[str]) -> str:
        if found["plain"] is not None:
            return found[0]
        if found["seen"] is not None:
            return self._seen(found["from"], found["to"])
        if found["label"] is not None:
            return self._node(found)
        if found["type"] is not None:
            return self._edge(found)
        if found["property"] is not None:
            return self._property(found["owner"], found["property"])
        raise QueryFileError(
            f"{self.name}: {found[0]} is not a schema name that can stand there; back-ticks are for the labels, "
            f"relationship types and properties {', '.join(sorted(KNOWN_NAMES))}."
        )

    def _need(self, role: str, there: Iterable[object]) -> None:
        if role not in KNOWN_NAMES:
            raise QueryFileError(f"{self.name}: `{role}` is not a name of the default graph.")
        if not tuple(there):
            raise QueryFileError(f"{self.name} needs {NEEDS.get(role, role)}, and your graphrec.toml declares none.")

    def _types(self, role: str) -> tuple[NodeType, ...]:
        types = self.naming.nodes.get(role, ())
        self._need(role, types)
        return types

    def _node(self, found: re.Match[str]) -> str:
        labels = "|".join(dict.fromkeys(quoted(node.label) for node in self._types(found["label"])))
        made = f"({found['node']}:{labels}"
        if found["key"]:
            keys = dict.fromkeys(self._node_property(node, found["node_key"]) for node in self._types(found["label"]))
            if len(keys) > 1:
                raise QueryFileError(f"{self.name}: the types of `{found['label']}` have different keys.")
            made += f" {{{next(iter(keys))}"
        return made

    def _node_property(self, node: NodeType, name: str) -> str:
        if name == "id":
            return quoted(node.key)
        if name in ("name", "title"):
            return quoted(node.name or node.key)
        raise QueryFileError(f"{self.name}: `{name}` is not a property of a node; use `id`, `name` or `title`.")

    def _property(self, owner: str, name: str) -> str:
        role = self.owners.get(owner)
        if role in NODE_ROLES:
            names = dict.fromkeys(f"{owner}.{self._node_property(node, name)}" for node in self._types(role))
        elif role in EDGE_ROLES and name in ("weight", "time", "watermark"):
            shape = self._one_shape(role)
            places = [getattr(edge, name) for edge, _ in shape]
            names = dict.fromkeys(_place(owner, place) for place in places if place is not None)
        else:
            raise QueryFileError(f"{self.name}: {owner}.`{name}`: {owner} is bound to no node or edge with it.")
        made = ", ".join(names)
        return made if len(names) == 1 else f"coalesce({made})" if names else "null"

    def _one_shape(self, role: str) -> tuple[tuple[EdgeType, bool], ...]:
        """The edge types of a role that are stored as its first one is: one pattern can walk no others."""
        edges = self.naming.edges.get(role, ())
        self._need(role, edges)
        return tuple(pair for pair in edges if pair[0].via == edges[0][0].via)

    def _edge(self, found: re.Match[str]) -> str:
        role, variable = found["type"], found["edge"]
        if role in RESULT_ROLES:
            name = quoted(self.naming.results[role])
            return f"{found['left']}[{variable}:{name}{' ' + found['map'] if found['map'] else ''}]{found['right']}"
        shape = self._one_shape(role)
        ahead = {forward == (found["left"] == "-") for _, forward in shape}
        free = len(ahead) > 1 or not shape[0][0].directed or found["left"] + found["right"] == "--"
        direction = "any" if free else "out" if ahead == {True} else "in"
        return self._pattern(variable, shape, direction)

    def _seen(self, source: str, target: str) -> str:
        shapes: dict[tuple[Via | None, bool, bool], list[tuple[EdgeType, bool]]] = {}
        for edge, forward in self.naming.seen:
            shapes.setdefault((edge.via, edge.directed, forward), []).append((edge, forward))
        tests = []
        for (_, directed, forward), shape in shapes.items():
            direction = "any" if not directed else "out" if forward else "in"
            tests.append(f"EXISTS {{ ({source}){self._pattern('', tuple(shape), direction)}({target}) }}")
        return f"({' OR '.join(tests)})" if tests else "false"

    def _pattern(self, variable: str, shape: tuple[tuple[EdgeType, bool], ...], direction: str) -> str:
        via = shape[0][0].via
        where = self._where(variable, shape) if variable and self.positive else {}
        if via is None:
            types = "|".join(dict.fromkeys(quoted(edge.type or "") for edge, _ in shape))
            return _arrow(variable, types, where.get("second", ""), direction)
        parts = [variable and f"{variable}_first", variable and f"{variable}_node", variable]
        hops = [
            _arrow(parts[0], quoted(via.first), where.get("first", ""), via.first_direction),
            f"({parts[1]}:{quoted(via.label)}{where.get('node', '')})",
            _arrow(parts[2], quoted(via.second), where.get("second", ""), via.second_direction),
        ]
        if direction == "in":
            back = {"out": "in", "in": "out"}
            hops[0] = _arrow(parts[2], quoted(via.second), where.get("second", ""), back[via.second_direction])
            hops[2] = _arrow(parts[0], quoted(via.first), where.get("first", ""), back[via.first_direction])
        return "".join(hops)

    def _where(self, variable: str, shape: tuple[tuple[EdgeType, bool], ...]) -> dict[str, str]:
        """The threshold of positive interactions, for the part of the pattern that carries the weight."""
        tests: dict[str, list[str]] = {}
        for edge, _ in shape:
            if edge.positive_from is None or edge.weight is None:
                continue
            on = edge.weight.on if isinstance(edge.weight, Place) else "second"
            test = f"toFloat({_place(variable, edge.weight)}) >= {edge.positive_from!r}"
            if len(shape) > 1:
                test = f"(type({variable}) <> {text_literal(edge.type or '')} OR {test})"
            tests.setdefault(on, []).append(test)
        return {on: f" WHERE {' AND '.join(listed)}" for on, listed in tests.items()}


def _place(variable: str, place: str | Place) -> str:
    if isinstance(place, str):
        return f"{variable}.{quoted(place)}"
    suffix = {"first": "_first", "node": "_node", "second": ""}[place.on]
    return f"{variable}{suffix}.{quoted(place.property)}"


def _arrow(variable: str, types: str, where: str, direction: str) -> str:
    left, right = {"out": ("-", "->"), "in": ("<-", "-"), "any": ("-", "-")}[direction]
    return f"{left}[{variable}:{types}{where}]{right}"
