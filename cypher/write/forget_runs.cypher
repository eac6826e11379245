// Deletes all runs and, in the same transaction, the pointer.
// mode:    write
// params:  lease (text)
// returns: runs
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
CALL (p) {
  OPTIONAL MATCH (r:GraphRecRun)
  DETACH DELETE r
  RETURN count(r) AS runs
}
DETACH DELETE p
RETURN runs
