// The best items for one user that she has not seen at this moment, whatever she did since the last sync.
// mode:    read
// params:  user_id (key), k (integer, default 10)
// returns: rank, item, title, score, reason, source

// Bounds: first what was published and is still unseen, in its order; where that falls short of k, the items nearest
// to her by vector (of k + 20 more neighbours than she has interactions, up to 1,000 of these), then popular ones.
// A score is comparable only within one source.
// Cypher 5 also where Cypher 25 is the default: there SEARCH replaces the procedure, and takes no name from a run.
CYPHER 5
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (u:`User` {`id`: $user_id})
CALL (p, u) {
  UNWIND range(0, size(coalesce(u[p.items_in], [])) - 1) AS place
  MATCH (i:`Item` {`id`: u[p.items_in][place]})
  WHERE NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  WITH i, place, u[p.scores_in][place] AS score, u[p.reasons_in][place] AS reason ORDER BY place LIMIT toInteger($k)
  RETURN collect(i) AS items, collect({item: i, score: score, reason: reason, source: 'published'}) AS published
}
CALL (p, u, items) {
  WITH p, u, items, COUNT { (u)-[:`INTERACTED`]->() } AS seen
  WHERE size(items) < $k AND p.item_index IS NOT NULL AND u[p.user_vector_in] IS NOT NULL
  WITH p, u, items, toInteger($k) + 20 + CASE WHEN seen < 1000 THEN seen ELSE 1000 END AS fetched
  CALL db.index.vector.queryNodes(p.item_index, fetched, u[p.user_vector_in]) YIELD node AS i, score
  WITH u, items, i, score ORDER BY score DESC
  WITH u, i, score WHERE i <> u AND NOT i IN items AND NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  WITH i, score LIMIT toInteger($k)
  RETURN collect({item: i, score: 2 * score - 1, reason: 'near to your taste', source: 'vector'}) AS near
}
WITH p, u, published, near, [one IN published + near | one.item] AS more
CALL (p, u, more) {
  UNWIND CASE WHEN size(more) < $k THEN coalesce(p.popular, []) ELSE [] END AS id
  MATCH (i:`Item` {`id`: id})
  WHERE i <> u AND NOT i IN more AND NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  WITH p, i LIMIT toInteger($k)
  RETURN collect({item: i, score: i[p.item_score_in], reason: 'popular', source: 'popular'}) AS popular
}
WITH (published + near + popular)[..toInteger($k)] AS list
UNWIND range(1, size(list)) AS rank
WITH rank, list[rank - 1] AS one, list[rank - 1].item AS i
MATCH (i:`Item`)
RETURN rank, i.`id` AS item, toString(coalesce(i.`title`, i.`id`)) AS title, one.score AS score, one.reason AS reason,
       one.source AS source
ORDER BY rank;
