// The most popular items; for a user, if one is given, those that she has not seen.
// mode:    read
// params:  k (integer, default 10), user_id (key, default null)
// returns: rank, item, title, score

// Bounds: the last sync lists the 1,000 most popular items, best first; no more come back than are in that list.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
OPTIONAL MATCH (u:`User` {`id`: $user_id})
CALL (p, u) {
  UNWIND p.popular AS id
  MATCH (i:`Item` {`id`: id})
  WHERE (u IS NULL OR i <> u) AND NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  WITH i LIMIT toInteger($k)
  RETURN collect(i) AS list
}
UNWIND range(1, size(list)) AS rank
WITH p, rank, list[rank - 1] AS i
MATCH (i:`Item`)
RETURN rank, i.`id` AS item, toString(coalesce(i.`title`, i.`id`)) AS title, i[p.item_score_in] AS score
ORDER BY rank;
