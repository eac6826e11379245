// The categories that most recommendations are of, with their items that are in most lists, to draw.
// mode:    read
// params:  k (integer, default 6)
// returns: path

// Bounds: every list is looked at, up to 100,000 of them; 7 items of each category.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
CALL (p) {
  MATCH (u:`User`)
  WITH p, u LIMIT 100000
  UNWIND u[p.items_in] AS id
  RETURN id, count(*) AS lists
}
MATCH (i:`Item` {`id`: id})-[:`IN_CATEGORY`]->(c:`Category`)
WITH DISTINCT c, i, lists ORDER BY lists DESC, i.`id`
WITH c, sum(lists) AS entries, collect(i)[..7] AS items ORDER BY entries DESC, c.`id` LIMIT toInteger($k)
CALL (c, items) {
  UNWIND items AS i
  MATCH path = (c)<-[:`IN_CATEGORY`]-(i)
  RETURN path LIMIT 7
}
RETURN path ORDER BY entries DESC LIMIT 50;
