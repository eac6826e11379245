"""``GraphSchema``: which labels, relationship types and properties play which part in recommending.

Read from ``graphrec.toml``; without one, the default graph of :func:`default_schema` is meant.
"""

from __future__ import annotations

import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from graphrec_neo4j.errors import SchemaError, nearest
from graphrec_neo4j.ids import KeyType
from graphrec_neo4j.meta_path import ALL_INTERACTIONS, MetaPath
from graphrec_neo4j.reason_settings import ReasonSettings, Sentences
from graphrec_neo4j.schema_part import Part

Role = Literal["interaction", "tie", "category", "context"]
Duplicates = Literal["sum", "last", "max", "error"]
TimeUnit = Literal["s", "ms", "date", "datetime", "text"]
Strength = Literal["one", "weight", "log"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class NodeType(Part):
    """One node type: its label, business key, display name, numeric features and texts."""

    label: Name
    key: Name = "id"
    key_type: KeyType = "string"
    name: Name | None = None
    features: tuple[Name, ...] = ()
    text: tuple[Name, ...] = ()


class Via(Part):
    """An edge stored as two relationships through an intermediate node.

    ``(source)-[first]->(label)-[second]->(target)``; a direction of ``"in"`` turns that arrow round.
    """

    label: Name
    first: Name
    second: Name
    first_direction: Literal["out", "in"] = "out"
    second_direction: Literal["out", "in"] = "out"


class Place(Part):
    """A property on a named part of a path edge: its ``first``, its ``node`` or its ``second``."""

    on: Literal["first", "node", "second"]
    property: Name


class EdgeType(Part):
    """One edge type between two node types, stored as a relationship or as a path through a node.

    ``watermark`` names a property that whoever makes or changes a relationship sets to a time, or a number, that is
    no lower than any before; then a sync reads only what lies at or above the highest that it has seen.
    """

    source: Name = Field(alias="from")
    target: Name = Field(alias="to")
    type: Name | None = None
    via: Via | None = None
    role: Role | None = None
    directed: bool = True
    weight: Name | Place | None = None
    time: Name | Place | None = None
    time_unit: TimeUnit = "ms"
    watermark: Name | None = None
    duplicates: Duplicates | None = None
    positive_from: float | None = None
    importance: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    strength: Strength | None = None
    excludes: bool | None = None
    properties: tuple[Name, ...] = ()

    @property
    def duplicate_rule(self) -> Duplicates:
        """How parallel edges become one: ratings keep the last by time, counts are added up."""
        return self.duplicates or ("last" if self.positive_from is not None else "sum")

    @property
    def walk_strength(self) -> Strength:
        """How a weight enters a walk: a thresholded rating counts as one, any other weight as it is."""
        if self.strength:
            return self.strength
        return "weight" if self.weight is not None and self.positive_from is None else "one"


class ResultNames(Part):
    """How published relationships are called, and how many are drawn for each user and for each item."""

    recommended: Name = "RECOMMENDED"
    similar: Name = "SIMILAR"
    relationships: Annotated[int, Field(ge=0, le=20)] = 10
    neighbours: Annotated[int, Field(ge=0, le=50)] = 50

    @model_validator(mode="after")
    def _two_names(self) -> ResultNames:
        if self.recommended == self.similar:
            raise ValueError(f"recommended and similar are both called {self.similar!r}; they are two types")
        return self

    @property
    def types(self) -> tuple[str, str]:
        """The relationship types that runs under these names draw."""
        return self.recommended, self.similar


class GraphSchema(Part):
    """A whole graph: node types, edge types, who is recommended what, and named meta-paths."""

    recommend_to: Name
    recommend: Name
    nodes: dict[Name, NodeType]
    edges: dict[Name, EdgeType] = Field(default_factory=dict)
    meta_paths: dict[Name, Name] = Field(default_factory=dict)
    results: ResultNames = ResultNames()
    reasons: ReasonSettings = ReasonSettings()

    @model_validator(mode="before")
    @classmethod
    def _fill_names(cls, data: Any) -> Any:
        """Labels and relationship types default to the name of their section."""
        if isinstance(data, dict):
            data = dict(data)
            for section, field in (("nodes", "label"), ("edges", "type")):
                parts = data.get(section)
                if isinstance(parts, dict):
                    data[section] = {name: _with_name(name, part, field) for name, part in parts.items()}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> GraphSchema:
        for where in ("recommend_to", "recommend"):
            self._known_node(getattr(self, where), where)
        for name, edge in self.edges.items():
            if name == ALL_INTERACTIONS:
                raise ValueError("an edge type cannot be called '*', which stands for all interactions")
            self._known_node(edge.source, f"edges.{name}.from")
            self._known_node(edge.target, f"edges.{name}.to")
            if edge.via and edge.type:
                raise ValueError(f"edges.{name} has both a type and a via; an edge is stored in one way")
            for place in (edge.weight, edge.time):
                if isinstance(place, Place) and not edge.via:
                    raise ValueError(f"edges.{name}: {place.property!r} names a part of a via, and there is none")
            if edge.watermark and edge.via:
                raise ValueError(f"edges.{name} has a watermark, which only a relationship can, and is a path")
            if not edge.directed and edge.source != edge.target:
                raise ValueError(f"edges.{name} joins two node types, so it cannot be undirected")
        for text in self.meta_paths.values():
            self.meta_path(text)
        return self

    def _known_node(self, name: str, where: str) -> None:
        if name not in self.nodes:
            raise ValueError(f"{where} names the node type {name!r}, which is not declared{nearest(name, self.nodes)}")

    @cached_property
    def roles(self) -> dict[str, Role]:
        """The role of every edge type, as declared or as its ends suggest."""
        return {name: edge.role or self._guess_role(name, edge) for name, edge in self.edges.items()}

    def _guess_role(self, name: str, edge: EdgeType) -> Role:
        user, item = self.recommend_to, self.recommend
        ends = {edge.source, edge.target}
        if user == item and ends == {user}:
            among = [n for n, e in self.edges.items() if {e.source, e.target} == {user}]
            declared = any(self.edges[n].role == "interaction" for n in among)
            return "interaction" if not declared and name == among[0] else "tie"
        if ends == {user, item}:
            return "interaction"
        if ends == {user}:
            return "tie"
        return "category" if len(ends) == 2 and ends & {user, item} else "context"

    def by_role(self, role: Role) -> dict[str, EdgeType]:
        """The edge types that play one role, in declared order."""
        return {name: edge for name, edge in self.edges.items() if self.roles[name] == role}

    def excludes(self, name: str) -> bool:
        """Whether an edge of this type keeps an item out of its user's list (interactions do by default)."""
        declared = self.edges[name].excludes
        if declared is not None:
            return declared
        among_same = self.recommend_to == self.recommend and self.roles[name] == "tie"
        return self.roles[name] == "interaction" or among_same

    def meta_path(self, text: str) -> MetaPath:
        """Parse and check a meta-path, or one of the named ones; raises MetaPathError."""
        ends = {name: (edge.source, edge.target) for name, edge in self.edges.items()}
        parsed = MetaPath.parse(self.meta_paths.get(text, text))
        return parsed.check(ends, (self.recommend_to, self.recommend))

    def default_meta_paths(self) -> dict[str, str]:
        """The named meta-paths of the file, or the usual ones that this schema can walk.

        user-item-user-item, user-item-category-item, user-category-item and user-friend-item, each for every
        edge type that allows it.
        """
        if self.meta_paths:
            return dict(self.meta_paths)
        from graphrec_neo4j.usual_meta_paths import usual_meta_paths

        return usual_meta_paths(self)

    @classmethod
    def parse(cls, text: str, where: str = "graphrec.toml") -> GraphSchema:
        """Parse the text of a ``graphrec.toml``; raises SchemaError naming the entry."""
        try:
            return cls.model_validate(tomllib.loads(text))
        except ValidationError as error:
            raise SchemaError(f"{where}: {_first_problem(error)}.") from None
        except (ValueError, RecursionError) as error:
            # Numbers of thousands of digits and brackets without end are TOML, but nothing that Python reads.
            raise SchemaError(f"{where} is not valid TOML: {str(error).rstrip('.')}.") from None

    @classmethod
    def load(cls, path: Path) -> GraphSchema:
        """Read a ``graphrec.toml``; raises SchemaError if it is missing or wrong."""
        try:
            return cls.parse(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise SchemaError(f"{path} cannot be read: {error}.") from None

    def to_json(self) -> str:
        """The schema as one canonical JSON text, as a run node keeps it."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str) -> GraphSchema:
        """The inverse of :meth:`to_json`."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise SchemaError(f"the stored schema: {_first_problem(error)}.") from None


_PARTS: dict[str, type[Part]] = {
    "nodes": NodeType,
    "edges": EdgeType,
    "results": ResultNames,
    "reasons": ReasonSettings,
}
_PARTS_OF_PARTS: dict[str, type[Part]] = {"via": Via, "sentences": Sentences}


def _with_name(name: str, part: Any, field: str) -> Any:
    if isinstance(part, dict) and not part.get(field) and not part.get("via"):
        return {**part, field: name}
    return part


def _first_problem(error: ValidationError) -> str:
    problems = error.errors()
    # A misspelt entry also lacks the right one; the misspelling is what to name.
    problem = next((one for one in problems if one["type"] == "extra_forbidden"), problems[0])
    where = ".".join(str(step) for step in problem["loc"])
    if problem["type"] == "extra_forbidden":
        steps = [str(step) for step in problem["loc"]]
        outer = _PARTS.get(steps[0], GraphSchema) if steps[1:] else GraphSchema
        part = _PARTS_OF_PARTS.get(steps[-2], outer) if steps[1:] else outer
        known = {field.alias or name for name, field in part.model_fields.items()}
        return f"{where} is not a known entry there{nearest(steps[-1], known)}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def default_schema(user_key: KeyType = "string", item_key: KeyType = "string") -> GraphSchema:
    """The graph that is meant where nothing is said: User, Item, Category, INTERACTED, FOLLOWS, IN_CATEGORY."""
    return GraphSchema.model_validate(
        {
            "recommend_to": "User",
            "recommend": "Item",
            "nodes": {
                "User": {"key_type": user_key, "name": "name"},
                "Item": {"key_type": item_key, "name": "title"},
                "Category": {"name": "name"},
            },
            "edges": {
                "INTERACTED": {"from": "User", "to": "Item", "weight": "weight", "time": "time"},
                "FOLLOWS": {"from": "User", "to": "User"},
                "IN_CATEGORY": {"from": "Item", "to": "Category"},
            },
        }
    )
