// The labels that the first nodes of one label have, with how many have each.
// mode:    read
// params:  sample (integer)
// returns: label, nodes
MATCH (n:`User`)
WITH n LIMIT $sample
UNWIND labels(n) AS label
RETURN label, count(*) AS nodes
