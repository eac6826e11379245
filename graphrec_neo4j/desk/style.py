"""The GraSS style sheet: captions by name, and our relationships distinct from the user's own.

Browser takes the rule of the last label of a node that has one, its own included, which it makes for every label that
it meets; so each label that occurs gets the rule of the node type that it stands beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphrec_neo4j.schema import GraphSchema, NodeType, Role

USER, ITEM = ("#4C8EDA", "#2870C2"), ("#F79767", "#D9703A")
OTHERS = (("#57C7A5", "#3AA383"), ("#D9C8AE", "#B8A481"), ("#C990C0", "#A56D9C"), ("#8DCC93", "#5DB665"))
_OURS = ("#ECB5C9", "#DA7298")
_RECOMMENDED, _SIMILAR, _OWN, _TIE, _CATEGORY = "#D62728", "#9467BD", "#8A919E", "#6C9BD2", "#9AD3BF"


def style(schema: GraphSchema, labels: Mapping[str, str]) -> str:
    """Return the style sheet; ``labels`` says of each label that occurs which node type it stands for."""
    colours = dict(zip(_other_types(schema), OTHERS * len(schema.nodes), strict=False))
    colours |= {schema.recommend_to: USER, schema.recommend: ITEM}
    stands_for = {node.label: name for name, node in schema.nodes.items()} | dict(labels)
    rules = [
        _node(label, schema.nodes[name], colours[name], _diameter(schema, name)) for label, name in stands_for.items()
    ]
    rules += [
        _rule("node.GraphRecRun", _node_look(_OURS, 50, "{number}")),
        _rule("node.GraphRecPointer", _node_look(_OURS, 40, "{run}")),
        _rule("relationship", _relationship_look(_OWN, 1, "<type>")),
        *_edges(schema, "interaction", _OWN, 1, "<type>"),
        *_edges(schema, "tie", _TIE, 2, "<type>"),
        *_edges(schema, "category", _CATEGORY, 1, ""),
        _rule(f"relationship.{_escaped(schema.results.recommended)}", _relationship_look(_RECOMMENDED, 5, "{rank}")),
        _rule(f"relationship.{_escaped(schema.results.similar)}", _relationship_look(_SIMILAR, 3, "{rank}")),
    ]
    return "\n".join(rules)


def _other_types(schema: GraphSchema) -> list[str]:
    return [name for name in schema.nodes if name not in (schema.recommend_to, schema.recommend)]


def _diameter(schema: GraphSchema, name: str) -> int:
    return 80 if name == schema.recommend else 65 if name == schema.recommend_to else 50


def _node(label: str, kind: NodeType, colours: tuple[str, str], diameter: int) -> str:
    return _rule(f"node.{_escaped(label)}", _node_look(colours, diameter, f"{{{kind.name or kind.key}}}"))


def _edges(schema: GraphSchema, role: Role, colour: str, width: int, caption: str) -> Iterator[str]:
    """The rules of one role; where an interaction has a weight, that is shorter than its type and says more."""
    for edge in schema.by_role(role).values():
        if edge.type:
            told = f"{{{edge.weight}}}" if edge.weight and role == "interaction" else caption
            yield _rule(f"relationship.{_escaped(edge.type)}", _relationship_look(colour, width, told))


def _node_look(colours: tuple[str, str], diameter: int, caption: str) -> dict[str, str]:
    return {
        "diameter": f"{diameter}px",
        "color": colours[0],
        "border-color": colours[1],
        "border-width": "2px",
        "text-color-internal": "#FFFFFF",
        "font-size": "12px",
        "caption": f'"{caption}"',
    }


def _relationship_look(colour: str, width: int, caption: str) -> dict[str, str]:
    inside = "#FFFFFF" if width >= 5 else "#2A2C34"
    return {
        "color": colour,
        "shaft-width": f"{width}px",
        "font-size": "9px",
        "padding": "3px",
        "text-color-external": "#2A2C34",
        "text-color-internal": inside,
        "caption": f'"{caption}"',
    }


def _rule(selector: str, look: Mapping[str, str]) -> str:
    lines = "".join(f"  {name}: {value};\n" for name, value in look.items())
    return f"{selector} {{\n{lines}}}\n"


def _escaped(name: str) -> str:
    return name.replace(".", "\\.")
