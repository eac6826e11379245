// The items nearest to one user by the cosine of their published vectors, of those that she has not seen.
// mode:    read
// params:  user_id (key), k (integer, default 10)
// returns: rank, item, title, score

// Bounds: what a user has seen lies nearest to her, so the index is asked for k + 20 more neighbours than she has
// interactions, up to 1,000 of these. Only who has seen more than that can get fewer than k. The index is
// approximate.
// Cypher 5 also where Cypher 25 is the default: there SEARCH replaces the procedure, and takes no name from a run.
CYPHER 5
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (u:`User` {`id`: $user_id})
WITH p, u, COUNT { (u)-[:`INTERACTED`]->() } AS seen
WHERE p.item_index IS NOT NULL AND u[p.user_vector_in] IS NOT NULL
WITH p, u, toInteger($k) + 20 + CASE WHEN seen < 1000 THEN seen ELSE 1000 END AS fetched
CALL db.index.vector.queryNodes(p.item_index, fetched, u[p.user_vector_in]) YIELD node, score
WITH u, node, 2 * score - 1 AS cosine ORDER BY cosine DESC
WITH u, collect({item: node, cosine: cosine}) AS ranked
CALL (u, ranked) {
  UNWIND ranked AS one
  WITH u, one, one.item AS i WHERE i <> u AND NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  WITH one LIMIT toInteger($k)
  RETURN collect(one) AS list
}
UNWIND range(1, size(list)) AS rank
WITH rank, list[rank - 1].item AS i, list[rank - 1].cosine AS score
MATCH (i:`Item`)
RETURN rank, i.`id` AS item, toString(coalesce(i.`title`, i.`id`)) AS title, score
ORDER BY rank;
