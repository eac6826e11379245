// The people whose choices are nearest to those of one user, and what they have in common, to draw.
// mode:    read
// params:  user_id (key), k (integer, default 12)
// returns: path
// interactions: positive

// Bounds: her 50 newest choices and 30 people of each; the k nearest people, with the 3 rarest choices that each
// shares with her; as many as 60 nodes hold. A choice that few made counts for more.
MATCH (u:`User` {`id`: $user_id})
CALL (u) {
  CALL (u) {
    MATCH (u)-[mine:`INTERACTED`]->(a:`Item`)
    WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 50
    RETURN a, 1.0 / COUNT { (a)<-[:`INTERACTED`]-() } AS weight
  }
  CALL (u, a) {
    MATCH (a)<-[theirs:`INTERACTED`]-(v:`User`) WHERE v <> u
    RETURN v LIMIT 30
  }
  WITH DISTINCT a, v, weight ORDER BY weight DESC
  WITH v, sum(weight) AS nearness, collect(a) AS shared ORDER BY nearness DESC, v.`id` LIMIT toInteger($k)
  RETURN v, shared[..3] AS rarest
}
CALL (u, v, rarest) {
  UNWIND rarest AS a
  CALL (u, v, a) { MATCH path = (u)-[first:`INTERACTED`]->(a)<-[second:`INTERACTED`]-(v) RETURN path LIMIT 1 }
  RETURN path
}
WITH collect(path) AS paths
WITH paths, reduce(met = [], path IN paths | met + [node IN nodes(path) WHERE NOT node IN met])[..60] AS drawn
UNWIND paths AS path
WITH path, drawn WHERE all(node IN nodes(path) WHERE node IN drawn)
RETURN path;
