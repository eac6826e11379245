// The same as read/graph_edge_page_with_values with one list of further properties an edge.
// mode:    read
// params:  first (key), last (key), no_weight (number), no_time (integer), names (list)
// returns: source, targets, weights, times, properties
MATCH (u:`User`)
WHERE $first <= u.`id` <= $last
CALL (u) {
  MATCH (u)-[r:`INTERACTED`]->(i:`Item`)
  RETURN
    collect(i.`id`) AS targets,
    collect(coalesce(r.`weight`, $no_weight)) AS weights,
    collect(coalesce(r.`time`, $no_time)) AS times,
    collect([name IN $names | r[name]]) AS properties
}
RETURN u.`id` AS source, targets, weights, times, properties
