// One user's published list with its relationships, best first, to draw.
// mode:    read
// params:  user_id (key)
// returns: path

// Bounds: what is drawn of a list, 10 relationships by default (results.relationships in graphrec.toml).
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH path = (u:`User` {`id`: $user_id})-[r:`RECOMMENDED`]->(i:`Item`)
WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
RETURN path ORDER BY r.rank;
