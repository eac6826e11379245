// How many edges of one type lead from one node to another, and the times of those that have one.
// mode:    read
// params:  source (key), target (key)
// returns: edges, times
MATCH (u:`User` {`id`: $source})-[r:`INTERACTED`]->(i:`Item` {`id`: $target})
RETURN count(r) AS edges, collect(r.`time`) AS times;
