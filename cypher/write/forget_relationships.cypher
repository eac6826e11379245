// Deletes every relationship that a run of ours made.
// mode:    write
// params:  lease (text)
// returns: failed
MATCH (a)-[r:`RECOMMENDED`]->(b)
WHERE r.run IS NOT NULL
CALL (r) {
  MATCH (p:GraphRecPointer {name: 'current'})
  SET p.fence = true
  WITH p, r WHERE p.lease = $lease
  DELETE r
} IN TRANSACTIONS OF 2000 ROWS ON ERROR CONTINUE REPORT STATUS AS status
RETURN count(CASE WHEN status.errorMessage IS NOT NULL THEN 1 END) AS failed
