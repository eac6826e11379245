// Moves the pointer back to the run before; doing it again changes nothing.
// mode:    write
// params:  lease (text), to (integer), names (map)
// returns: number
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
MATCH (r:GraphRecRun {number: $to})
CALL (p, r) {
  WITH p, r WHERE p.previous = r.number
  MATCH (newer:GraphRecRun {number: p.run})
  SET newer.state = 'retired',
      p.run = r.number, p.uuid = r.uuid, p.slot = r.slot, p += $names[r.slot],
      p.user_index = r.user_index, p.item_index = r.item_index,
      r.state = 'published'
  REMOVE p.previous
}
RETURN p.run AS number
