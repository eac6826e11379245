// Forgets the oldest runs; the current and the previous one are always among the newest, or kept by name.
// mode:    write
// params:  lease (text), keep (integer)
// returns: pruned
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
CALL (p) {
  MATCH (r:GraphRecRun)
  WHERE r.number <= p.next_run - 1 - $keep AND r.number <> p.run AND r.number <> coalesce(p.previous, 0)
  DETACH DELETE r
  RETURN count(*) AS pruned
}
RETURN pruned
