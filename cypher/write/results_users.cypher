// Writes the lists, the vector and the digest of a batch of users into one slot; null leaves a property out.
// mode:    write
// params:  lease (text), names (map), users (list), items (list), scores (list), reasons (list), why (list),
//          walk_items (list), walk_scores (list), vectors (list), digests (list)
// returns: written
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
CALL (p) {
  UNWIND range(0, size($users) - 1) AS k
  MATCH (u:`User` {`id`: $users[k]})
  SET u[$names.items] = $items[k],
      u[$names.scores] = $scores[k],
      u[$names.reasons] = $reasons[k],
      u[$names.why] = $why[k],
      u[$names.walk_items] = $walk_items[k],
      u[$names.walk_scores] = $walk_scores[k],
      u[$names.user_digest] = $digests[k]
  FOREACH (name IN CASE WHEN $vectors[k] IS NULL THEN [$names.user_vector] ELSE [] END | REMOVE u[name])
  WITH u, k
  CALL (u, k) {
    WITH u, k WHERE $vectors[k] IS NOT NULL
    CALL db.create.setNodeVectorProperty(u, $names.user_vector, $vectors[k])
  }
  RETURN count(*) AS written
}
RETURN written
