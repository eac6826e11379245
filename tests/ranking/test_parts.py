import numpy as np
import pytest

from graphrec_neo4j.ranking import parts
from graphrec_neo4j.ranking.parts import in_parts
from graphrec_neo4j.results import TopK


def of_themselves(users: np.ndarray) -> TopK:
    """Two items for every user, her own number and the next, and scores of a tenth of them."""
    items = np.stack([users, users + 1], axis=1).astype(np.int32)
    return TopK(items, (items / 10).astype(np.float32))


@pytest.mark.parametrize("count", [0, 1, 3, 4, 8, 9])
def test_parts_are_the_whole_and_every_part_is_told(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART", 4)
    monkeypatch.setattr(parts, "PART_OF_A_CORE", 0)
    users, told, asked = np.arange(count)[::-1], [], []

    def rank(rows: np.ndarray) -> TopK:
        asked.append(len(rows))
        return of_themselves(rows)

    top = in_parts(rank, users, lambda *news: told.append(news))
    np.testing.assert_array_equal(top.items, of_themselves(users).items)
    np.testing.assert_array_equal(top.scores, of_themselves(users).scores)
    assert (top.items.dtype, top.scores.dtype) == (np.int32, np.float32)
    assert sum(asked) == count
    assert max(asked) <= 4
    starts = list(range(0, count, 4)) or [0]
    assert told == [("ranking", done, count) for done in [*starts, count]]


def test_an_error_or_an_interrupt_passes_through() -> None:
    def interrupted(rows: np.ndarray) -> TopK:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_parts(interrupted, np.arange(3), lambda *news: None)
