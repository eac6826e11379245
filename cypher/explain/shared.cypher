// What two users have in common, the rarest first, to draw: choices, friends, recommendations.
// mode:    read
// params:  user_id (key), other_id (key)
// returns: path
// interactions: positive

// Bounds: the 500 newest choices and 500 friends of each are looked at; of each kind 15 are drawn, as 60 nodes hold.
MATCH (u:`User` {`id`: $user_id})
MATCH (v:`User` {`id`: $other_id})
CALL (u, v) {
  CALL (u) {
    MATCH (u)-[mine:`INTERACTED`]->(a:`Item`)
    WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 500
    RETURN collect(a) AS hers
  }
  CALL (v) {
    MATCH (v)-[mine:`INTERACTED`]->(a:`Item`)
    WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 500
    RETURN collect(a) AS theirs
  }
  UNWIND [a IN hers WHERE a IN theirs] AS a
  WITH u, v, a ORDER BY COUNT { (a)<-[:`INTERACTED`]-() } LIMIT 15
  CALL (u, v, a) { MATCH path = (u)-[first:`INTERACTED`]->(a)<-[second:`INTERACTED`]-(v) RETURN path LIMIT 1 }
  RETURN collect(path) AS paths
  UNION ALL // optional
  CALL (u) { MATCH (u)-[:`FOLLOWS`]->(w:`User`) WITH DISTINCT w LIMIT 500 RETURN collect(w) AS hers }
  CALL (v) { MATCH (v)-[:`FOLLOWS`]->(w:`User`) WITH DISTINCT w LIMIT 500 RETURN collect(w) AS theirs }
  UNWIND [w IN hers WHERE w IN theirs] AS w
  WITH u, v, w LIMIT 15
  CALL (u, v, w) { MATCH path = (u)-[:`FOLLOWS`]->(w)<-[:`FOLLOWS`]-(v) RETURN path LIMIT 1 }
  RETURN collect(path) AS paths
  UNION ALL
  MATCH (now:GraphRecPointer {name: 'current'})
  WITH u, v, now.run AS run
  MATCH (p:GraphRecRun {number: run})
  MATCH path = (u)-[r:`RECOMMENDED`]->(i:`Item`)<-[s:`RECOMMENDED`]-(v)
  WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
    AND s.run <= p.number AND (s.until IS NULL OR s.until > p.number)
  WITH path ORDER BY r.rank LIMIT 15
  RETURN collect(path) AS paths
}
UNWIND range(0, size(paths) - 1) AS turn
WITH paths[turn] AS path, turn ORDER BY turn
WITH collect(path) AS paths
WITH paths, reduce(met = [], path IN paths | met + [node IN nodes(path) WHERE NOT node IN met])[..60] AS drawn
UNWIND paths AS path
WITH path, drawn WHERE all(node IN nodes(path) WHERE node IN drawn)
RETURN path;
