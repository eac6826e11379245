// Whether any node of one type has a property.
// mode:    read
// params:  name (text)
// returns: found
MATCH (n:`User`)
WHERE n[$name] IS NOT NULL
RETURN true AS found LIMIT 1
