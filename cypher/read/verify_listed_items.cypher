// Whether the items that the lists of one run name are there.
// mode:    read
// params:  number (integer)
// returns: listed, dangling, some
MATCH (p:GraphRecRun {number: $number})
CALL (p) {
  MATCH (u:`User`)
  UNWIND coalesce(u[p.items_in], []) + coalesce(u[p.walk_items_in], []) AS id
  RETURN DISTINCT id
}
OPTIONAL MATCH (i:`Item` {`id`: id})
RETURN count(*) AS listed, sum(CASE WHEN i IS NULL THEN 1 ELSE 0 END) AS dangling,
       collect(CASE WHEN i IS NULL THEN id END)[..3] AS some
