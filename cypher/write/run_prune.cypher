// Forgets the oldest runs, calls those dead that never ended, and takes down that nothing is left of them; the current
// and the previous one are always among the newest, or kept by name.
// mode:    write
// params:  lease (text), keep (integer)
// returns: pruned
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
SET p.tidied = coalesce(p.next_run, 1) - 1
WITH p
CALL (p) {
  MATCH (dead:GraphRecRun {state: 'writing'})
  SET dead.state = 'dead'
}
CALL (p) {
  MATCH (r:GraphRecRun)
  WHERE r.number <= p.next_run - 1 - $keep AND r.number <> coalesce(p.run, 0) AND r.number <> coalesce(p.previous, 0)
  DETACH DELETE r
  RETURN count(*) AS pruned
}
RETURN pruned
