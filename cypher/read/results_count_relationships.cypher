// How many relationships readers will see when the pointer says this run.
// mode:    read
// params:  number (integer)
// returns: visible
MATCH (u)-[r:`RECOMMENDED`]->(i)
WHERE r.run <= $number AND (r.until IS NULL OR r.until > $number)
RETURN count(r) AS visible
