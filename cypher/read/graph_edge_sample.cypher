// How many edges of one type join two labels, counted up to a bound.
// mode:    read
// params:  sample (integer)
// returns: edges
MATCH (u:`User`)-[r:`INTERACTED`]->(i:`Item`)
WITH r LIMIT $sample
RETURN count(r) AS edges
