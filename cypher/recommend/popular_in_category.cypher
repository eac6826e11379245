// The most popular items of one category; for a user, if one is given, those that she has not seen.
// mode:    read
// params:  category_id (key), k (integer, default 10), user_id (key, default null)
// returns: rank, item, title, score

// Bounds: none on the answer. In a category of more than 2,000 items the 1,000 most popular items of all are looked
// through first, and the whole category is ranked only where these do not give k.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (c:`Category` {`id`: $category_id})
OPTIONAL MATCH (u:`User` {`id`: $user_id})
CALL (p, c, u) {
  UNWIND CASE WHEN COUNT { (c)<-[:`IN_CATEGORY`]-() } > 2000 THEN p.popular ELSE [] END AS id
  MATCH (i:`Item` {`id`: id})
  WHERE EXISTS { (i)-[:`IN_CATEGORY`]->(c) }
    AND (u IS NULL OR i <> u) AND NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  WITH i LIMIT toInteger($k)
  RETURN collect(i) AS best
}
CALL (p, c, u, best) {
  WITH p, c, u WHERE size(best) < $k
  MATCH (c)<-[:`IN_CATEGORY`]-(one:`Item`)
  WITH DISTINCT u, one, coalesce(one[p.item_score_in], 0.0) AS score ORDER BY score DESC
  WITH u, collect(one) AS ranked
  UNWIND ranked AS i
  WITH u, i WHERE (u IS NULL OR i <> u) AND NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  WITH i LIMIT toInteger($k)
  RETURN collect(i) AS scanned
}
WITH p, CASE WHEN size(best) < $k THEN scanned ELSE best END AS list
UNWIND range(1, size(list)) AS rank
WITH p, rank, list[rank - 1] AS i
MATCH (i:`Item`)
RETURN rank, i.`id` AS item, toString(coalesce(i.`title`, i.`id`)) AS title, i[p.item_score_in] AS score
ORDER BY rank;
