// What the first nodes of one label have: for each property how many have it, how many values, of which kinds.
// mode:    read
// params:  sample (integer), examples (integer)
// returns: name, there, distinct, kinds, examples
MATCH (n:`User`)
WITH n LIMIT $sample
UNWIND keys(n) AS name
WITH name, n[name] AS value
RETURN
  name,
  count(value) AS there,
  count(DISTINCT value) AS distinct,
  collect(DISTINCT replace(valueType(value), ' NOT NULL', '')) AS kinds,
  collect(DISTINCT value)[..$examples] AS examples
ORDER BY name
