// The edges of one type from the nodes between two keys, in one row: the sources, and for each the keys of its targets.
// mode:    read
// params:  first (key), last (key), only (list or null)
// returns: sources, targets
MATCH (u:`User`)
WHERE $first <= u.`id` <= $last AND ($only IS NULL OR u.`id` IN $only)
RETURN collect(u.`id`) AS sources, collect([(u)-[:`INTERACTED`]->(i:`Item`) | i.`id`]) AS targets
