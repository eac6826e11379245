// One user's published list with its relationships, best first, to draw.
// mode:    read
// params:  user_id (key)
// returns: path

// Bounds: what is drawn of a list, 10 relationships by default (results.relationships in graphrec.toml).
MATCH (p:GraphRecPointer {name: 'current'})
MATCH path = (u:`User` {`id`: $user_id})-[r:`RECOMMENDED`]->(i:`Item`)
WHERE r.run <= p.run AND (r.until IS NULL OR r.until > p.run)
RETURN path ORDER BY r.rank;
