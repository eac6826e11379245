// Deletes the relationships that runs between the current one and this one began and never showed.
// mode:    write
// params:  lease (text), current (integer), number (integer)
// returns: failed
MATCH (u)-[r:`RECOMMENDED`]->(i)
WHERE r.run > $current AND r.run < $number
CALL (r) {
  MATCH (p:GraphRecPointer {name: 'current'})
  SET p.fence = true
  WITH p, r WHERE p.lease = $lease
  DELETE r
} IN TRANSACTIONS OF 2000 ROWS ON ERROR CONTINUE REPORT STATUS AS status
RETURN count(CASE WHEN status.errorMessage IS NOT NULL THEN 1 END) AS failed
