// At most k neighbours of each of the given nodes over one edge type, a simple random sample without replacement.
// The draws, k a node in [0, 1), come from outside, as rand() takes no seed; Floyd's algorithm makes a sample of them.
// Of a node with more than scan edges only that many are looked at, as the server finds them.
// mode:    read
// params:  keys (list), k (integer), draws (list), scan (integer)
// returns: places, neighbours
UNWIND range(0, size($keys) - 1) AS place
MATCH (u:`User` {`id`: $keys[place]})
CALL (u) {
  MATCH (u)-[:`INTERACTED`]->(i:`Item`)
  WITH i LIMIT $scan
  RETURN collect(DISTINCT i) AS ends
}
WITH place, ends, size(ends) AS degree
WITH place, ends, CASE WHEN degree <= $k THEN range(0, degree - 1) ELSE
  reduce(taken = [], n IN range(0, $k - 1) |
    taken + CASE
      WHEN toInteger($draws[place * $k + n] * (degree - $k + n + 1)) IN taken THEN degree - $k + n
      ELSE toInteger($draws[place * $k + n] * (degree - $k + n + 1))
    END)
  END AS taken
RETURN collect(place) AS places, collect([i IN [n IN taken | ends[n]] | i.`id`]) AS neighbours
