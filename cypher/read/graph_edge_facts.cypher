// What the first edges of one type between two labels have: for each property how many have it, and of which kinds.
// mode:    read
// params:  sample (integer), examples (integer)
// returns: name, there, distinct, kinds, examples
MATCH (u:`User`)-[r:`INTERACTED`]->(i:`Item`)
WITH r LIMIT $sample
UNWIND keys(r) AS name
WITH name, r[name] AS value
RETURN
  name,
  count(value) AS there,
  count(DISTINCT value) AS distinct,
  collect(DISTINCT replace(valueType(value), ' NOT NULL', '')) AS kinds,
  collect(DISTINCT value)[..$examples] AS examples
ORDER BY name
