// The users to whom one item is recommended, those with the highest scores first, to draw.
// mode:    read
// params:  item_id (key), k (integer, default 25)
// returns: path

// Bounds: what is drawn of each list, 10 relationships by default (results.relationships in graphrec.toml).
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH path = (i:`Item` {`id`: $item_id})<-[r:`RECOMMENDED`]-(u:`User`)
WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
RETURN path ORDER BY r.score DESC LIMIT toInteger($k);
