// Users who have chosen little, with what they chose and the best that they get, to draw.
// mode:    read
// params:  k (integer, default 8), fewer_than (integer, default 5)
// returns: path

// Bounds: the first k such users by id; 2 choices and 3 recommendations of each, as many as 60 nodes hold.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
CALL () {
  MATCH (u:`User`) WHERE u.`id` IS NOT NULL AND COUNT { (u)-[:`INTERACTED`]->() } < toInteger($fewer_than)
  RETURN u, u.`id` AS id ORDER BY id LIMIT toInteger($k)
}
CALL (p, u) {
  MATCH path = (u)-[r:`RECOMMENDED`]->(:`Item`)
  WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
  RETURN path ORDER BY r.rank LIMIT 3
  UNION
  MATCH path = (u)-[chosen:`INTERACTED`]->(:`Item`)
  RETURN path LIMIT 2
}
WITH collect(path) AS paths
WITH paths, reduce(met = [], path IN paths | met + [node IN nodes(path) WHERE NOT node IN met])[..60] AS drawn
UNWIND paths AS path
WITH path, drawn WHERE all(node IN nodes(path) WHERE node IN drawn)
RETURN path;
