// What one run began to recommend and users have taken since, then what else it began, to draw.
// mode:    read
// params:  run (integer, default null), k (integer, default 25)
// returns: path

// Without a run, the current one. An item that she has already is drawn with what she did, too.
// Bounds: the first 500 users by id are looked at; k recommendations are drawn, of what is drawn of each list.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
WITH coalesce($run, run) AS run
MATCH (p:GraphRecRun {number: run})
CALL () { MATCH (u:`User`) WHERE u.`id` IS NOT NULL RETURN u, u.`id` AS id ORDER BY id LIMIT 500 }
MATCH (u)-[r:`RECOMMENDED`]->(i:`Item`)
WHERE r.run = p.number
WITH u, r, i, id, EXISTS { (u)-[:`INTERACTED`]->(i) } AS taken
ORDER BY taken DESC, r.rank, id LIMIT toInteger($k)
CALL (u, r, i) {
  MATCH path = (u)-[r:`RECOMMENDED`]->(i) RETURN path
  UNION
  MATCH path = (u)-[:`INTERACTED`]->(i) RETURN path LIMIT 1
}
RETURN path LIMIT 50;
