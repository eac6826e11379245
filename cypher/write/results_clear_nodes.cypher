// Empties one slot on nodes of one label that are not, or no longer, what the run is about.
// `Item` is the label to search, `User` the one that is meant now.
// mode:    write
// params:  lease (text), digest (text), names (list)
// returns: failed
MATCH (n:`Item`)
WHERE n[$digest] IS NOT NULL
WITH n, n AS u
WHERE NOT EXISTS { MATCH (u:`User`) WHERE u.`id` IS NOT NULL }
CALL (n) {
  MATCH (p:GraphRecPointer {name: 'current'})
  SET p.fence = true
  WITH p, n WHERE p.lease = $lease
  FOREACH (name IN $names | REMOVE n[name])
} IN TRANSACTIONS OF 2000 ROWS ON ERROR CONTINUE REPORT STATUS AS status
RETURN count(CASE WHEN status.errorMessage IS NOT NULL THEN 1 END) AS failed
