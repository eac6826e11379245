// The users to whom one item is recommended, those with the highest scores first, with the reason that each is told.
// mode:    read
// params:  item_id (key), k (integer, default 25)
// returns: user, name, rank, score, reason

// Bounds: what is drawn of each list, 10 relationships by default (results.relationships in graphrec.toml).
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (i:`Item` {`id`: $item_id})<-[r:`RECOMMENDED`]-(u:`User`)
WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
WITH u, r ORDER BY r.score DESC, u.`id` LIMIT toInteger($k)
RETURN u.`id` AS user, toString(coalesce(u.`name`, u.`id`)) AS name, r.rank AS rank, r.score AS score,
       r.reason AS reason
ORDER BY score DESC, user;
