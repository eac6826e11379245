// Starts a run: gives it the next number and the slot that is not current, which rollback loses by that,
// and calls runs that never ended dead.
// mode:    write
// params:  lease (text), uuid (text), properties (map), names (map)
// returns: number, slot, current
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
MERGE (r:GraphRecRun {uuid: $uuid})
ON CREATE SET r.number = coalesce(p.next_run, 1),
              p.next_run = coalesce(p.next_run, 1) + 1,
              r.slot = CASE p.slot WHEN 'a' THEN 'b' ELSE 'a' END,
              r.state = 'writing',
              r.started_at = datetime(),
              r += $properties,
              r += $names[r.slot]
REMOVE p.previous
WITH p, r
CALL (r) {
  MATCH (dead:GraphRecRun {state: 'writing'}) WHERE dead.number < r.number
  SET dead.state = 'dead'
}
RETURN r.number AS number, r.slot AS slot, coalesce(p.run, 0) AS current
