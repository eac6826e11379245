// How an item reached those to whom it is recommended: the choices and people that lead from each to it, to draw.
// mode:    read
// params:  item_id (key), k (integer, default 10)
// returns: path
// interactions: positive

// Bounds: the k users with the highest scores, of what is drawn of their lists; the 100 newest choices of each, the
// item's 30 newest people; 2 choices of each user with a person for each, as many as 60 nodes hold.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (i:`Item` {`id`: $item_id})
CALL (i) {
  MATCH (i)<-[theirs:`INTERACTED`]-(v:`User`)
  WITH v, max(theirs.`time`) AS newest ORDER BY newest DESC LIMIT 30
  RETURN collect(v) AS people
}
MATCH (i)<-[r:`RECOMMENDED`]-(u:`User`)
WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
WITH i, people, u ORDER BY r.score DESC, u.`id` LIMIT toInteger($k)
CALL (i, people, u) {
  CALL (u, i) {
    MATCH (u)-[mine:`INTERACTED`]->(a:`Item`) WHERE a <> i
    WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 100
    RETURN collect(a) AS liked
  }
  CALL (u, people, liked) {
    UNWIND people AS v
    MATCH (v)-[also:`INTERACTED`]->(a:`Item`) WHERE v <> u AND a IN liked
    WITH a, collect(DISTINCT v) AS others ORDER BY size(others) DESC LIMIT 2
    RETURN a, others[0] AS v
  }
  CALL (u, i, a, v) {
    MATCH path = (u)-[first:`INTERACTED`]->(a)<-[second:`INTERACTED`]-(v)-[third:`INTERACTED`]->(i)
    RETURN path LIMIT 1
  }
  RETURN path
}
WITH collect(path) AS paths
WITH paths, reduce(met = [], path IN paths | met + [node IN nodes(path) WHERE NOT node IN met])[..60] AS drawn
UNWIND paths AS path
WITH path, drawn WHERE all(node IN nodes(path) WHERE node IN drawn)
RETURN path;
