// Empties one slot on nodes that are given by business id.
// mode:    write
// params:  lease (text), ids (list), names (list)
// returns: cleared
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
CALL (p) {
  UNWIND $ids AS id
  MATCH (u:`User` {`id`: id})
  FOREACH (name IN $names | REMOVE u[name])
  RETURN count(*) AS cleared
}
RETURN cleared
