// The edges of one type from the nodes between two keys: one row a source, with the keys of its targets.
// mode:    read
// params:  first (key), last (key)
// returns: source, targets
MATCH (u:`User`)
WHERE $first <= u.`id` <= $last
RETURN u.`id` AS source, [(u)-[:`INTERACTED`]->(i:`Item`) | i.`id`] AS targets
