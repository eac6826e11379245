// Ends relationships whose ends are users and items no more.
// mode:    write
// params:  lease (text), number (integer)
// returns: failed
MATCH (a)-[r:`RECOMMENDED`]->(b)
WHERE r.until IS NULL AND NOT (EXISTS { MATCH (a:`User`) } AND EXISTS { MATCH (b:`Item`) })
CALL (r) {
  MATCH (p:GraphRecPointer {name: 'current'})
  SET p.fence = true
  WITH p, r WHERE p.lease = $lease
  SET r.until = $number
} IN TRANSACTIONS OF 2000 ROWS ON ERROR CONTINUE REPORT STATUS AS status
RETURN count(CASE WHEN status.errorMessage IS NOT NULL THEN 1 END) AS failed
