// Removes every property of ours from every node of the graph.
// mode:    write
// params:  lease (text), names (list)
// returns: failed
MATCH (n)
WHERE any(key IN keys(n) WHERE key IN $names)
CALL (n) {
  MATCH (p:GraphRecPointer {name: 'current'})
  SET p.fence = true
  WITH p, n WHERE p.lease = $lease
  FOREACH (name IN $names | REMOVE n[name])
} IN TRANSACTIONS OF 2000 ROWS ON ERROR CONTINUE REPORT STATUS AS status
RETURN count(CASE WHEN status.errorMessage IS NOT NULL THEN 1 END) AS failed
