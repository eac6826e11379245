// The same as read/stream_neighbours, with the weights and times of all parallel edges to each neighbour.
// For edges that are relationships: values are taken of the sampled ones only.
// Of a node with more than scan edges only that many are looked at, as the server finds them.
// mode:    read
// params:  keys (list), k (integer), draws (list), scan (integer)
// returns: places, neighbours, weights, times
UNWIND range(0, size($keys) - 1) AS place
MATCH (u:`User` {`id`: $keys[place]})
CALL (u) {
  MATCH (u)-[r:`INTERACTED`]->(i:`Item`)
  WITH i, r LIMIT $scan
  WITH i, collect(r) AS parallel
  RETURN collect(i) AS ends, collect(parallel) AS edges
}
WITH place, ends, edges, size(ends) AS degree
WITH place, ends, edges, CASE WHEN degree <= $k THEN range(0, degree - 1) ELSE
  reduce(taken = [], n IN range(0, $k - 1) |
    taken + CASE
      WHEN toInteger($draws[place * $k + n] * (degree - $k + n + 1)) IN taken THEN degree - $k + n
      ELSE toInteger($draws[place * $k + n] * (degree - $k + n + 1))
    END)
  END AS taken
RETURN
  collect(place) AS places,
  collect([i IN [n IN taken | ends[n]] | i.`id`]) AS neighbours,
  collect([n IN taken | [r IN edges[n] | r.`weight`]]) AS weights,
  collect([n IN taken | [r IN edges[n] | r.`time`]]) AS times
