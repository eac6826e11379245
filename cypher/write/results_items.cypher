// Writes the vector, the global score and the digests of a batch of items into one slot; of the two digests, that of
// the relationships is 0 where there are none, and left out.
// mode:    write
// params:  lease (text), names (map), items (list), scores (list), vectors (list), digests (list)
// returns: written
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
CALL (p) {
  UNWIND range(0, size($items) - 1) AS k
  MATCH (i:`Item` {`id`: $items[k]})
  SET i[$names.item_score] = $scores[k],
      i[$names.item_digest] = $digests[k][0],
      i[$names.similar_digest] = CASE WHEN $digests[k][1] <> 0 THEN $digests[k][1] END
  FOREACH (name IN CASE WHEN $vectors[k] IS NULL THEN [$names.item_vector] ELSE [] END | REMOVE i[name])
  WITH i, k
  CALL (i, k) {
    WITH i, k WHERE $vectors[k] IS NOT NULL
    CALL db.create.setNodeVectorProperty(i, $names.item_vector, $vectors[k])
  }
  RETURN count(*) AS written
}
RETURN written
