// Some published recommendations of the current run, to draw and to start from.
// mode:    read
// params:  k (integer, default 25)
// returns: path

// Bounds: the first k relationships that the database finds; no ranking is meant.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH path = (u:`User`)-[r:`RECOMMENDED`]->(i:`Item`)
WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
RETURN path LIMIT toInteger($k);
