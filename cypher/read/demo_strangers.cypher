// How many nodes are neither ours nor of the graph that the demo generates.
// mode:    read
// params:  users (list), items (list), categories (list)
// returns: strangers
CALL () {
  MATCH (u:`User`) WHERE u.`id` IN $users RETURN u AS n
  UNION
  MATCH (i:`Item`) WHERE i.`id` IN $items RETURN i AS n
  UNION
  MATCH (c:`Category`) WHERE c.`id` IN $categories RETURN c AS n
  UNION
  MATCH (n:GraphRecRun|GraphRecPointer) RETURN n
}
WITH count(n) AS known
CALL () { MATCH (n) RETURN count(n) AS nodes }
RETURN nodes - known AS strangers;
