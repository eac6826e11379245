// Some published recommendations of the current run, the best items of several users, to draw and to start from.
// mode:    read
// params:  k (integer, default 25)
// returns: path

// Bounds: the first k users by id are looked at; the 5 best items of each are drawn, k relationships in all.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
CALL () {
  MATCH (u:`User`) WHERE u.`id` IS NOT NULL
  RETURN u, u.`id` AS id ORDER BY id LIMIT toInteger($k)
}
CALL (p, u) {
  MATCH path = (u)-[r:`RECOMMENDED`]->(i:`Item`)
  WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
  RETURN path, r.rank AS rank ORDER BY rank LIMIT 5
}
RETURN path ORDER BY id, rank LIMIT toInteger($k);
