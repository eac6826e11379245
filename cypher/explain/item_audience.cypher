// The users to whom one item is recommended, those with the highest scores first, to draw.
// mode:    read
// params:  item_id (key), k (integer, default 25)
// returns: path

// Bounds: what is drawn of each list, 10 relationships by default (results.relationships in graphrec.toml).
MATCH (p:GraphRecPointer {name: 'current'})
MATCH path = (i:`Item` {`id`: $item_id})<-[r:`RECOMMENDED`]-(u:`User`)
WHERE r.run <= p.run AND (r.until IS NULL OR r.until > p.run)
RETURN path ORDER BY r.score DESC LIMIT toInteger($k);
