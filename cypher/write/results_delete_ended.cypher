// Deletes relationships that ended with the former run or before, which no kept run can show.
// mode:    write
// params:  lease (text), former (integer)
// returns: failed
MATCH (a)-[r:`RECOMMENDED`]->(b)
WHERE r.until <= $former
CALL (r) {
  MATCH (p:GraphRecPointer {name: 'current'})
  SET p.fence = true
  WITH p, r WHERE p.lease = $lease
  DELETE r
} IN TRANSACTIONS OF 2000 ROWS ON ERROR CONTINUE REPORT STATUS AS status
RETURN count(CASE WHEN status.errorMessage IS NOT NULL THEN 1 END) AS failed
