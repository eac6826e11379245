// The positive edges of one type from the nodes in several pages, each from a first to a last key: ends in parallel lists.
// mode:    read
// interactions: positive
// params:  firsts (list), lasts (list)
// returns: sources, targets
UNWIND range(0, size($firsts) - 1) AS page
WITH $firsts[page] AS first, $lasts[page] AS last
MATCH (u:`User`)
WHERE first <= u.`id` <= last
CALL (u) {
  MATCH (u)-[r:`INTERACTED`]->(i:`Item`)
  RETURN collect(DISTINCT i.`id`) AS of_source
}
RETURN collect(u.`id`) AS sources, collect(of_source) AS targets
