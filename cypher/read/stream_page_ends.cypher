// Pages of equal size of the nodes of one type in the order of their keys, from a key on: each one's first and last key.
// mode:    read
// params:  first (key), skip (integer), limit (integer), size (integer)
// returns: firsts, lasts, sizes
MATCH (n:`User`)
WHERE n.`id` >= $first
WITH n.`id` AS key ORDER BY key SKIP $skip LIMIT $limit
WITH collect(key) AS keys
WITH [start IN range(0, size(keys) - 1, $size) | keys[start..start + $size]] AS pages
RETURN [page IN pages | page[0]] AS firsts, [page IN pages | page[-1]] AS lasts, [page IN pages | size(page)] AS sizes
