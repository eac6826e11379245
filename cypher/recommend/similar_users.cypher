// The users whose taste is most like that of one user, by the cosine of their published vectors, nearest first.
// mode:    read
// params:  user_id (key), k (integer, default 10)
// returns: rank, user, name, score

// Bounds: the vector index is approximate. It is asked for 2k + 40 neighbours, of which the best k stay: the wider
// search finds more of the true ones (on Gowalla .997 of 20, against .983 when asked for 21), and the
// user herself, who is her own nearest, leaves no gap.
// Cypher 5 also where Cypher 25 is the default: there SEARCH replaces the procedure, and takes no name from a run.
CYPHER 5
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (u:`User` {`id`: $user_id})
WITH p, u WHERE p.user_index IS NOT NULL AND u[p.user_vector_in] IS NOT NULL
CALL db.index.vector.queryNodes(p.user_index, 2 * toInteger($k) + 40, u[p.user_vector_in]) YIELD node, score
WITH node AS other, 2 * score - 1 AS cosine WHERE other <> u
WITH other, cosine ORDER BY cosine DESC LIMIT toInteger($k)
WITH collect({node: other, cosine: cosine}) AS found
UNWIND range(1, size(found)) AS rank
WITH rank, found[rank - 1].node AS other, found[rank - 1].cosine AS score
MATCH (other:`User`)
RETURN rank, other.`id` AS user, toString(coalesce(other.`name`, other.`id`)) AS name, score
ORDER BY rank;
