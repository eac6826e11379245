// The items most like one item in the published item graph, nearest first, with how many users both share.
// mode:    read
// params:  item_id (key), k (integer, default 10)
// returns: rank, item, title, score, count

// Bounds: only a model that is an item graph publishes one; it holds 50 neighbours of each item by default, and a
// larger k gives those.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (i:`Item` {`id`: $item_id})-[r:`SIMILAR`]->(other:`Item`)
WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
RETURN r.rank AS rank, other.`id` AS item, toString(coalesce(other.`title`, other.`id`)) AS title, r.score AS score,
       r.count AS count
ORDER BY rank LIMIT toInteger($k);
