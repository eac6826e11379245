"""The meta-paths that a schema can usually be walked along, where its file names none."""

from __future__ import annotations

from graphrec_neo4j.meta_path import ALL_INTERACTIONS, quote
from graphrec_neo4j.schema import GraphSchema


def usual_meta_paths(schema: GraphSchema) -> dict[str, str]:
    """user-item-user-item, user-item-category-item, user-category-item, user-friend-item, as far as there are edges."""
    user, item = quote(schema.recommend_to), quote(schema.recommend)
    liked = _liked(schema)
    paths: dict[str, str] = {}
    if liked:
        there, back = f"-{liked}->", f"<-{liked}-"
        paths["taste"] = f"{user}{there}{item}{back}{user}{there}{item}"
    of_user, of_item = _category_hops(schema, schema.recommend_to), _category_hops(schema, schema.recommend)
    for name, category, hop, back in of_item:
        if liked and schema.recommend_to != schema.recommend:
            paths[name] = f"{user}-{liked}->{item}{hop}{category}{back}{item}"
        paths.update(
            {
                f"{mine} {name}": f"{user}{my_hop}{category}{back}{item}"
                for mine, my_category, my_hop, _ in of_user
                if my_category == category
            }
        )
    for name in schema.by_role("tie"):
        if liked:
            paths[name] = f"{user}-{quote(name)}->{user}-{liked}->{item}"
    return paths


def _liked(schema: GraphSchema) -> str | None:
    """The spelling of the step from a user to what she likes, walked along its direction."""
    interactions = schema.by_role("interaction")
    if not interactions:
        return None
    (name, edge), alone = next(iter(interactions.items())), len(interactions) == 1
    return quote(name) if alone and edge.source == schema.recommend_to else ALL_INTERACTIONS


def _category_hops(schema: GraphSchema, end: str) -> list[tuple[str, str, str, str]]:
    """(edge, category type, hop to the category, hop back from it) for every category edge at ``end``."""
    hops = []
    for name, edge in schema.by_role("category").items():
        spelt = quote(name)
        if edge.source == end:
            hops.append((name, quote(edge.target), f"-{spelt}->", f"<-{spelt}-"))
        elif edge.target == end:
            hops.append((name, quote(edge.source), f"<-{spelt}-", f"-{spelt}->"))
    return hops
