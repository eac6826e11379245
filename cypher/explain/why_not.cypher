// What does lead from a user to an item that is not in her list, beside the end of that list, to draw.
// mode:    read
// params:  user_id (key), item_id (key)
// returns: path
// interactions: positive

// Bounds: her 200 newest choices and the item's 100 newest people; 12 paths, and the last 3 of what is drawn of her
// list, which the item would have to pass. why_not_table says what it lacks.
MATCH (u:`User` {`id`: $user_id})
MATCH (i:`Item` {`id`: $item_id})
CALL (u, i) {
  CALL (u, i) {
    MATCH (u)-[mine:`INTERACTED`]->(a:`Item`) WHERE a <> i
    WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 200
    RETURN collect(a) AS liked
  }
  CALL (u, i) {
    MATCH (i)<-[theirs:`INTERACTED`]-(v:`User`) WHERE v <> u
    WITH v, max(theirs.`time`) AS newest ORDER BY newest DESC LIMIT 100
    RETURN v
  }
  CALL (liked, v) { MATCH (v)-[also:`INTERACTED`]->(a:`Item`) WHERE a IN liked RETURN DISTINCT a LIMIT 3 }
  WITH u, i, a, v LIMIT 12
  CALL (u, i, a, v) {
    MATCH path = (u)-[first:`INTERACTED`]->(a)<-[second:`INTERACTED`]-(v)-[third:`INTERACTED`]->(i)
    RETURN path LIMIT 1
  }
  RETURN path
  UNION
  MATCH path = (u)-[had:`INTERACTED`]->(i)
  RETURN path LIMIT 1
  UNION
  MATCH (now:GraphRecPointer {name: 'current'})
  WITH u, now.run AS run
  MATCH (p:GraphRecRun {number: run})
  MATCH path = (u)-[r:`RECOMMENDED`]->(:`Item`)
  WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
  RETURN path ORDER BY r.rank DESC LIMIT 3
}
WITH collect(path) AS paths
WITH paths, reduce(met = [], path IN paths | met + [node IN nodes(path) WHERE NOT node IN met])[..60] AS drawn
UNWIND paths AS path
WITH path, drawn WHERE all(node IN nodes(path) WHERE node IN drawn)
RETURN path;
