// How many nodes of one type have a business key at all, and of which kind.
// mode:    read
// params:
// returns: nodes, keys, strings, integers
MATCH (n:`User`)
RETURN
  count(n) AS nodes,
  count(n.`id`) AS keys,
  sum(CASE WHEN n.`id` IS :: STRING NOT NULL THEN 1 ELSE 0 END) AS strings,
  sum(CASE WHEN n.`id` IS :: INTEGER NOT NULL THEN 1 ELSE 0 END) AS integers
