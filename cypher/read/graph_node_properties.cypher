// The names of the properties that the first nodes of one type have.
// mode:    read
// params:  sample (integer)
// returns: names
MATCH (n:`User`)
WITH n LIMIT $sample
UNWIND keys(n) AS name
RETURN collect(DISTINCT name) AS names
