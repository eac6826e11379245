// How many nodes are neither ours nor of the graph that the demo generates.
// mode:    read
// params:  users (list)
// returns: strangers
MATCH (n)
WHERE NOT n:GraphRecRun AND NOT n:GraphRecPointer
OPTIONAL MATCH (u:`User`) WHERE u = n
OPTIONAL MATCH (i:`Item`) WHERE i = n
OPTIONAL MATCH (c:`Category`) WHERE c = n
WITH n, u, coalesce(u.`id` IN $users, i IS NOT NULL OR c IS NOT NULL) AS known
WHERE NOT known
RETURN count(n) AS strangers
