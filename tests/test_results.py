from hypothesis import given
from hypothesis import strategies as st

from graphrec_neo4j.results import Texts

texts = st.lists(st.text(st.characters(), max_size=5), max_size=4)


@given(rows=st.lists(texts, max_size=5), last=texts)
def test_texts_come_back_as_they_were_put_in(rows: list[list[str]], last: list[str]) -> None:
    packed = Texts.of(rows)
    assert list(packed) == rows
    assert packed[1:3] == rows[1:3]
    assert packed.lengths.tolist() == [len(row) for row in rows]
    if rows:
        packed[-1] = last
        assert list(packed) == [*rows[:-1], last]
