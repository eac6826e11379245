// The same as read/graph_edge_page_with_values for edges that are paths, and with one list of further properties an edge.
// mode:    read
// params:  first (key), last (key), only (list or null), names (list)
// returns: sources, targets, weights, times, properties
MATCH (u:`User`)
WHERE $first <= u.`id` <= $last AND ($only IS NULL OR u.`id` IN $only)
CALL (u) {
  MATCH (u)-[r:`INTERACTED`]->(i:`Item`)
  RETURN
    collect(i.`id`) AS of_targets,
    collect([r.`weight`]) AS of_weights,
    collect([r.`time`]) AS of_times,
    collect([name IN $names | r[name]]) AS of_properties
}
RETURN
  collect(u.`id`) AS sources,
  collect(of_targets) AS targets,
  collect([value IN of_weights | value[0]]) AS weights,
  collect([value IN of_times | value[0]]) AS times,
  collect(of_properties) AS properties
