// Takes back the ends that runs between the current one and this one set and never showed.
// mode:    write
// params:  lease (text), current (integer), number (integer)
// returns: failed
MATCH (u)-[r:`RECOMMENDED`]->(i)
WHERE r.until > $current AND r.until < $number
CALL (r) {
  MATCH (p:GraphRecPointer {name: 'current'})
  SET p.fence = true
  WITH p, r WHERE p.lease = $lease
  REMOVE r.until
} IN TRANSACTIONS OF 2000 ROWS ON ERROR CONTINUE REPORT STATUS AS status
RETURN count(CASE WHEN status.errorMessage IS NOT NULL THEN 1 END) AS failed
