// The best items for one user, best first, as the last sync published them.
// mode:    read
// params:  user_id (key), k (integer, default 10)
// returns: rank, item, title, score, reason

// Bounds: a list holds what was published, 20 items by default; a larger k gives those.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (u:`User` {`id`: $user_id})
WITH u[p.items_in][..toInteger($k)] AS items, u[p.scores_in] AS scores, u[p.reasons_in] AS reasons
UNWIND range(1, size(coalesce(items, []))) AS rank
MATCH (i:`Item` {`id`: items[rank - 1]})
RETURN rank, i.`id` AS item, toString(coalesce(i.`title`, i.`id`)) AS title, scores[rank - 1] AS score,
       reasons[rank - 1] AS reason
ORDER BY rank;
