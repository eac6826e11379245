// The items most like one item, by the cosine of their published vectors, nearest first.
// mode:    read
// params:  item_id (key), k (integer, default 10)
// returns: rank, item, title, score

// Bounds: the vector index is approximate. It is asked for 2k + 40 neighbours, of which the best k stay: the wider
// search finds more of the true ones (on Gowalla .997 of 20, against .983 when asked for 21), and the
// item itself, which is its own nearest, leaves no gap.
// Cypher 5 also where Cypher 25 is the default: there SEARCH replaces the procedure, and takes no name from a run.
CYPHER 5
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (i:`Item` {`id`: $item_id})
WITH p, i WHERE p.item_index IS NOT NULL AND i[p.item_vector_in] IS NOT NULL
CALL db.index.vector.queryNodes(p.item_index, 2 * toInteger($k) + 40, i[p.item_vector_in]) YIELD node, score
WITH node AS other, 2 * score - 1 AS cosine WHERE other <> i
WITH other, cosine ORDER BY cosine DESC LIMIT toInteger($k)
WITH collect({node: other, cosine: cosine}) AS found
UNWIND range(1, size(found)) AS rank
WITH rank, found[rank - 1].node AS other, found[rank - 1].cosine AS score
MATCH (other:`Item`)
RETURN rank, other.`id` AS item, toString(coalesce(other.`title`, other.`id`)) AS title, score
ORDER BY rank;
