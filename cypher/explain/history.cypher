// What one user chose, newest first, else strongest first, to draw: who she is, as far as the graph knows.
// mode:    read
// params:  user_id (key), k (integer, default 20)
// returns: path
// interactions: positive

// Bounds: k choices, as many as 60 nodes hold.
MATCH (u:`User` {`id`: $user_id})
CALL (u) {
  MATCH (u)-[mine:`INTERACTED`]->(a:`Item`)
  WITH a, max(mine.`time`) AS newest, max(mine.`weight`) AS strongest
  ORDER BY newest DESC, strongest DESC, a.`id` LIMIT toInteger($k)
  RETURN a
}
CALL (u, a) { MATCH path = (u)-[chosen:`INTERACTED`]->(a) RETURN path LIMIT 1 }
RETURN path LIMIT 29;
