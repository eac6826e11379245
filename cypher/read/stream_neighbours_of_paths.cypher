// The same as read/stream_neighbours_with_values for edges that are paths through a node; it reads all values.
// Of a node with more than scan edges only that many are looked at, as the server finds them.
// mode:    read
// params:  keys (list), k (integer), draws (list), scan (integer)
// returns: places, neighbours, weights, times
UNWIND range(0, size($keys) - 1) AS place
MATCH (u:`User` {`id`: $keys[place]})
CALL (u) {
  MATCH (u)-[r:`INTERACTED`]->(i:`Item`)
  WITH i, [r.`weight`] AS edge_weight, [r.`time`] AS edge_time LIMIT $scan
  WITH i, collect(edge_weight) AS of_weights, collect(edge_time) AS of_times
  RETURN collect(i) AS ends, collect(of_weights) AS edge_weights, collect(of_times) AS edge_times
}
WITH place, ends, edge_weights, edge_times, size(ends) AS degree
WITH place, ends, edge_weights, edge_times, CASE WHEN degree <= $k THEN range(0, degree - 1) ELSE
  reduce(taken = [], n IN range(0, $k - 1) |
    taken + CASE
      WHEN toInteger($draws[place * $k + n] * (degree - $k + n + 1)) IN taken THEN degree - $k + n
      ELSE toInteger($draws[place * $k + n] * (degree - $k + n + 1))
    END)
  END AS taken
RETURN
  collect(place) AS places,
  collect([i IN [n IN taken | ends[n]] | i.`id`]) AS neighbours,
  collect([n IN taken | [value IN edge_weights[n] | value[0]]]) AS weights,
  collect([n IN taken | [value IN edge_times[n] | value[0]]]) AS times
