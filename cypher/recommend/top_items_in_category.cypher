// The best items of one category for one user, of those that she has not seen.
// mode:    read
// params:  user_id (key), category_id (key), k (integer, default 10)
// returns: rank, item, title, score, reason, source

// Bounds: first what was published of that category, in its order; then the category's 300 most popular items by
// their vector's nearness to hers, which is exact, without an index; where there are no vectors, by popularity. In a
// category of more than 2,000 items only those of the 1,000 most popular items of all are compared, if they give k.
// Only where she has seen nearly all of these can fewer than k come back. A score is comparable only within one source.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (u:`User` {`id`: $user_id})
MATCH (c:`Category` {`id`: $category_id})
CALL (p, u, c) {
  UNWIND range(0, size(coalesce(u[p.items_in], [])) - 1) AS place
  MATCH (i:`Item` {`id`: u[p.items_in][place]})
  WHERE EXISTS { (i)-[:`IN_CATEGORY`]->(c) } AND NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  WITH i, place, u[p.scores_in][place] AS score, u[p.reasons_in][place] AS reason ORDER BY place LIMIT toInteger($k)
  RETURN collect(i) AS items, collect({item: i, score: score, reason: reason, source: 'published'}) AS published
}
CALL (p, u, c, items) {
  WITH p, u, c, items WHERE size(items) < $k
  UNWIND CASE WHEN COUNT { (c)<-[:`IN_CATEGORY`]-() } > 2000 THEN p.popular ELSE [] END AS id
  MATCH (i:`Item` {`id`: id})
  WHERE EXISTS { (i)-[:`IN_CATEGORY`]->(c) }
    AND i <> u AND NOT i IN items AND NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  RETURN collect(i) AS popular
}
CALL (p, u, c, items, popular) {
  WITH p, u, c, items, popular WHERE size(items) < $k
  CALL (c, popular) {
    UNWIND CASE WHEN size(popular) < $k THEN [] ELSE popular END AS i
    RETURN i
    UNION ALL
    WITH c WHERE size(popular) < $k
    MATCH (c)<-[:`IN_CATEGORY`]-(i:`Item`)
    RETURN DISTINCT i
  }
  WITH p, u, items, i, coalesce(i[p.item_score_in], 0.0) AS popularity ORDER BY popularity DESC LIMIT 300
  WITH u, items, i, popularity,
       CASE WHEN u[p.user_vector_in] IS NOT NULL AND i[p.item_vector_in] IS NOT NULL
            THEN 2 * vector.similarity.cosine(u[p.user_vector_in], i[p.item_vector_in]) - 1 END AS cosine
  ORDER BY coalesce(cosine, -2) DESC, popularity DESC
  WITH u, items, collect({item: i, score: coalesce(cosine, popularity),
                          source: CASE WHEN cosine IS NULL THEN 'popular' ELSE 'vector' END}) AS ranked
  UNWIND ranked AS one
  WITH u, items, one, one.item AS i
  WHERE i <> u AND NOT i IN items AND NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  WITH one LIMIT toInteger($k)
  RETURN collect(one) AS others
}
WITH (published + others)[..toInteger($k)] AS list
UNWIND range(1, size(list)) AS rank
WITH rank, list[rank - 1] AS one, list[rank - 1].item AS i
MATCH (i:`Item`)
RETURN rank, i.`id` AS item, toString(coalesce(i.`title`, i.`id`)) AS title, one.score AS score,
       coalesce(one.reason, CASE one.source WHEN 'vector' THEN 'near to your taste' ELSE 'popular' END) AS reason,
       one.source AS source
ORDER BY rank;
