// Copies the lists, the vector and the digests of a batch of users from one slot into another one, beside the lists of
// the meta-path walk, which are given, with their digests.
// mode:    write
// params:  lease (text), users (list), walk_items (list), walk_scores (list), digests (list), from (map), to (map)
// returns: written
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
CALL (p) {
  UNWIND range(0, size($users) - 1) AS k
  MATCH (u:`User` {`id`: $users[k]})
  SET u[$to.items] = u[$from.items],
      u[$to.scores] = u[$from.scores],
      u[$to.reasons] = u[$from.reasons],
      u[$to.why] = u[$from.why],
      u[$to.walk_items] = $walk_items[k],
      u[$to.walk_scores] = $walk_scores[k],
      u[$to.user_vector] = u[$from.user_vector],
      u[$to.user_digest] = $digests[k]
  RETURN count(*) AS written
}
RETURN written
