"""Places of nodes: whatever the paths, nobody stands on anybody else, and paths go from left to right."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st
from pairs import why

from graphrec_neo4j.picture.layout import WIDTH, lay_out
from graphrec_neo4j.picture.paths import ITEM, USER, Path, PathGraph, PathNode

KINDS = ("Food", "Person", "Tag")
MIDDLES = st.lists(st.lists(st.integers(2, 40), max_size=3, unique=True), max_size=40)


@given(MIDDLES)
def test_no_two_nodes_stand_on_each_other_and_all_are_inside(middles: list[list[int]]) -> None:
    numbers = sorted({number for middle in middles for number in middle})
    place = {number: row for row, number in enumerate(numbers, start=2)}
    nodes = [
        PathNode("Person", "u", "u"),
        PathNode("Food", "i", "i"),
        *(PathNode(KINDS[n % 3], n, str(n), named=n % 2 == 0) for n in numbers),
    ]
    paths = [Path((USER, *(place[n] for n in middle), ITEM), ()) for middle in middles]
    found = lay_out(PathGraph(tuple(nodes), (), tuple(paths)))
    assert len(found.at) == len(nodes)
    assert all(0 < x < WIDTH and 0 < y < found.height for x, y in found.at)
    for one, other in combinations(found.at, 2):
        assert abs(one[0] - other[0]) > 10 or abs(one[1] - other[1]) >= 18.9


def test_paths_go_from_left_to_right() -> None:
    graph = why().graph
    at = lay_out(graph).at
    for path in graph.paths:
        assert all(at[before][0] < at[after][0] for before, after in pairwise(path.nodes))


def test_the_same_paths_are_the_same_picture() -> None:
    assert lay_out(why().graph) == lay_out(why().graph)
