// The edges of one type from the nodes between two keys, in one row: for each source its targets, weights and times.
// For edges that are relationships: the values are taken after grouping, which is the cheapest, and null where missing.
// mode:    read
// params:  first (key), last (key), only (list or null)
// returns: sources, targets, weights, times
MATCH (u:`User`)
WHERE $first <= u.`id` <= $last AND ($only IS NULL OR u.`id` IN $only)
CALL (u) {
  MATCH (u)-[r:`INTERACTED`]->(i:`Item`)
  RETURN collect(i.`id`) AS of_targets, collect(r) AS edges
}
RETURN
  collect(u.`id`) AS sources,
  collect(of_targets) AS targets,
  collect([r IN edges | r.`weight`]) AS weights,
  collect([r IN edges | r.`time`]) AS times
