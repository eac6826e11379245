// Counts nodes that bear our labels and cannot be ours.
// mode:    read
// returns: strangers
CALL () {
  MATCH (p:GraphRecPointer) WHERE p.name IS NULL OR p.name <> 'current' RETURN p AS node
  UNION ALL
  MATCH (r:GraphRecRun) WHERE r.number IS NULL OR r.uuid IS NULL RETURN r AS node
}
RETURN count(node) AS strangers
