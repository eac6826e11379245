// The display name of the node that bears a key; no row where there is none.
// mode:    read
// params:  key (key)
// returns: name
MATCH (n:`User` {`id`: $key})
RETURN toString(coalesce(n.`name`, n.`id`)) AS name LIMIT 1;
