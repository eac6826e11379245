// The most popular items of one category; for a user, if one is given, those that she has not seen.
// mode:    read
// params:  category_id (key), k (integer, default 10), user_id (key, default null)
// returns: rank, item, title, score

// Bounds: none. All items of the category are ranked, so a category of ten thousand items costs tens of milliseconds.
MATCH (p:GraphRecPointer {name: 'current'})
MATCH (c:`Category` {`id`: $category_id})
OPTIONAL MATCH (u:`User` {`id`: $user_id})
CALL (p, c) {
  MATCH (c)<-[:`IN_CATEGORY`]-(i:`Item`)
  WITH DISTINCT i, coalesce(i[p.item_score], 0.0) AS score ORDER BY score DESC
  RETURN collect(i) AS ranked
}
CALL (u, ranked) {
  UNWIND ranked AS i
  WITH u, i WHERE (u IS NULL OR i <> u) AND NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  WITH i LIMIT toInteger($k)
  RETURN collect(i) AS list
}
UNWIND range(1, size(list)) AS rank
WITH p, rank, list[rank - 1] AS i
MATCH (i:`Item`)
RETURN rank, i.`id` AS item, toString(coalesce(i.`title`, i.`id`)) AS title, i[p.item_score] AS score
ORDER BY rank;
