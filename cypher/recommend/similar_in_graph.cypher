// The items most like one item in the published item graph, nearest first, with how many users both share.
// mode:    read
// params:  item_id (key), k (integer, default 10)
// returns: rank, item, title, score, count

// Bounds: only a model that is an item graph publishes one; it holds 50 neighbours of each item by default, and a
// larger k gives those.
MATCH (p:GraphRecPointer {name: 'current'})
MATCH (i:`Item` {`id`: $item_id})-[r:`SIMILAR`]->(other:`Item`)
WHERE r.run <= p.run AND (r.until IS NULL OR r.until > p.run)
RETURN r.rank AS rank, other.`id` AS item, toString(coalesce(other.`title`, other.`id`)) AS title, r.score AS score,
       r.count AS count
ORDER BY rank LIMIT toInteger($k);
