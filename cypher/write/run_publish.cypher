// Moves the pointer to a run that is wholly written; doing it again changes nothing.
// mode:    write
// params:  lease (text), uuid (text), names (map), timings (text)
// returns: number, published_at
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
MATCH (r:GraphRecRun {uuid: $uuid})
CALL (p, r) {
  WITH p, r WHERE r.state = 'writing'
  OPTIONAL MATCH (former:GraphRecRun {number: p.run})
  SET former.state = 'retired',
      p.previous = p.run, p.run = r.number, p.uuid = r.uuid, p.slot = r.slot, p += $names,
      p.user_index = r.user_index, p.item_index = r.item_index,
      r.state = 'published', r.published_at = datetime(), r.timings = $timings
}
RETURN r.number AS number, toString(r.published_at) AS published_at
