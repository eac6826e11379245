// The names of the properties that the first edges of one type have.
// mode:    read
// params:  sample (integer)
// returns: names
MATCH (u:`User`)-[r:`INTERACTED`]->(i:`Item`)
WITH r LIMIT $sample
UNWIND keys(r) AS name
RETURN collect(DISTINCT name) AS names
