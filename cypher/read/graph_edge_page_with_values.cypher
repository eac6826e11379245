// The edges of one type from the nodes between two keys: one row a source, with targets, weights and times as lists.
// mode:    read
// params:  first (key), last (key), no_weight (number), no_time (integer)
// returns: source, targets, weights, times
MATCH (u:`User`)
WHERE $first <= u.`id` <= $last
CALL (u) {
  MATCH (u)-[r:`INTERACTED`]->(i:`Item`)
  RETURN
    collect(i.`id`) AS targets,
    collect(coalesce(r.`weight`, $no_weight)) AS weights,
    collect(coalesce(r.`time`, $no_time)) AS times
}
RETURN u.`id` AS source, targets, weights, times
