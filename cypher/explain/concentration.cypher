// The items that are in most lists, with some users each, to draw.
// mode:    read
// params:  k (integer, default 8)
// returns: path

// Bounds: every list is looked at, up to 100,000 of them; 5 users of each item, of what is drawn of their lists.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
CALL (p) {
  MATCH (u:`User`)
  WITH p, u LIMIT 100000
  UNWIND u[p.items_in] AS id
  WITH id, count(*) AS lists ORDER BY lists DESC, id LIMIT toInteger($k)
  RETURN id, lists
}
MATCH (i:`Item` {`id`: id})
CALL (p, i) {
  MATCH path = (i)<-[r:`RECOMMENDED`]-(u:`User`)
  WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
  RETURN path, r.rank AS rank ORDER BY rank, u.`id` LIMIT 5
}
RETURN path ORDER BY lists DESC, id, rank LIMIT 50;
