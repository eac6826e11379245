// What forget would remove: runs, and nodes with properties of ours.
// mode:    read
// params:  names (list)
// returns: runs, nodes
CALL () { MATCH (r:GraphRecRun) RETURN count(r) AS runs }
CALL () { MATCH (n) WHERE any(key IN keys(n) WHERE key IN $names) RETURN count(n) AS nodes }
RETURN runs, nodes
