// Whether any edge of one type has a property.
// mode:    read
// params:  name (text)
// returns: found
MATCH (u:`User`)-[r:`INTERACTED`]->(i:`Item`)
WHERE r[$name] IS NOT NULL
RETURN true AS found LIMIT 1
