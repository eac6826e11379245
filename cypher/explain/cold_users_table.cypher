// Users who have chosen little, and the best that each of them gets, with its reason.
// mode:    read
// params:  k (integer, default 8), fewer_than (integer, default 5)
// returns: user, name, chosen, rank, item, title, score, reason

// A user without a published list, who arrived after the last sync, has one row without an item: newcomer_items.
// Bounds: the first k such users by id, and the 3 best items of each.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
CALL () {
  MATCH (u:`User`) WHERE u.`id` IS NOT NULL
  WITH u, COUNT { (u)-[:`INTERACTED`]->() } AS chosen WHERE chosen < toInteger($fewer_than)
  RETURN u, chosen ORDER BY u.`id` LIMIT toInteger($k)
}
WITH p, u, chosen, coalesce(u[p.items_in], [])[..3] AS items
UNWIND CASE items WHEN [] THEN [null] ELSE range(1, size(items)) END AS rank
OPTIONAL MATCH (i:`Item` {`id`: items[rank - 1]})
RETURN u.`id` AS user, toString(coalesce(u.`name`, u.`id`)) AS name, chosen, rank, i.`id` AS item,
       toString(coalesce(i.`title`, i.`id`)) AS title, u[p.scores_in][rank - 1] AS score,
       u[p.reasons_in][rank - 1] AS reason
ORDER BY user, rank;
