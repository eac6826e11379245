// The keys of one node type in several pages, each from a first to a last key.
// mode:    read
// params:  firsts (list), lasts (list)
// returns: keys
UNWIND range(0, size($firsts) - 1) AS page
WITH $firsts[page] AS first, $lasts[page] AS last
MATCH (n:`User`)
WHERE first <= n.`id` <= last
RETURN collect(n.`id`) AS keys
