// A page of the nodes of one type in the order of their keys, from a key on, with one list of properties a node.
// mode:    read
// params:  first (key), limit (integer), names (list)
// returns: ids, properties
MATCH (n:`User`)
WHERE n.`id` >= $first
WITH n ORDER BY n.`id` LIMIT $limit
RETURN collect(n.`id`) AS ids, collect([name IN $names | n[name]]) AS properties
