// Whether the recommendations that readers of one run see are the first entries of the lists, in their order.
// mode:    read
// params:  number (integer)
// returns: drawn, gaps, unlike, later
MATCH (p:GraphRecRun {number: $number})
CALL (p) {
  MATCH (u:`User`)
  CALL (p, u) {
    MATCH (u)-[r:`RECOMMENDED`]->(i:`Item`)
    WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
    WITH r.rank AS rank, r.score AS score, i.`id` AS id ORDER BY rank
    RETURN collect(rank) AS ranks, collect(score) AS scores, collect(id) AS ids
  }
  WITH ranks, scores, ids, coalesce(u[p.items_in], []) AS items, coalesce(u[p.scores_in], []) AS listed
  RETURN sum(size(ranks)) AS drawn,
         sum(CASE WHEN any(n IN range(1, size(ranks)) WHERE ranks[n - 1] <> n) THEN 1 ELSE 0 END) AS gaps,
         sum(CASE WHEN ids <> items[..size(ids)] OR scores <> listed[..size(ids)] THEN 1 ELSE 0 END) AS unlike
}
CALL (p) {
  MATCH (:`User`)-[r:`RECOMMENDED`]->() WHERE r.run > p.number
  RETURN count(r) AS later
}
RETURN drawn, gaps, unlike, later
