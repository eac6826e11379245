// Where recommendations concentrate: the items that are in most lists, with their share of these.
// mode:    read
// params:  k (integer, default 20)
// returns: rank, item, title, lists, share, so_far

// The share is of lists; so_far is how much of all that is recommended the items down to this one make together.
// Bounds: every list is looked at, up to 100,000 of them.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
CALL (p) {
  MATCH (u:`User`)
  WITH p, u LIMIT 100000
  WITH coalesce(u[p.items_in], []) AS listed
  UNWIND range(0, size(listed) - 1) AS place
  WITH listed[place] AS id, count(*) AS lists, sum(CASE place WHEN 0 THEN 1 ELSE 0 END) AS first
  ORDER BY lists DESC, id
  RETURN collect([id, lists]) AS items, sum(lists) AS entries, sum(first) AS everyone
}
UNWIND range(1, size(items[..toInteger($k)])) AS rank
WITH rank, items[rank - 1][0] AS id, items[rank - 1][1] AS lists, everyone,
     reduce(sum = 0, one IN items[..rank] | sum + one[1]) AS above, entries
OPTIONAL MATCH (i:`Item` {`id`: id})
RETURN rank, id AS item, toString(coalesce(i.`title`, id)) AS title, lists, toFloat(lists) / everyone AS share,
       toFloat(above) / entries AS so_far
ORDER BY rank;
