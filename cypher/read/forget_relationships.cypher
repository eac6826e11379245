// How many relationships of one type forget would delete.
// mode:    read
// returns: relationships
MATCH (a)-[r:`RECOMMENDED`]->(b)
WHERE r.run IS NOT NULL
RETURN count(r) AS relationships
