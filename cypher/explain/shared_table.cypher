// What two users have in common, the rarest first: choices, friends, recommendations.
// mode:    read
// params:  user_id (key), other_id (key), k (integer, default 20)
// returns: kind, id, title, count
// interactions: positive

// Bounds: the 500 newest choices and 500 friends of each are looked at, the whole published lists, and k of each kind
// come back. The count says how many chose it, or are tied to the friend; for a recommendation, the sum of both ranks.
MATCH (u:`User` {`id`: $user_id})
MATCH (v:`User` {`id`: $other_id})
CALL (u, v) {
  CALL (u) {
    MATCH (u)-[mine:`INTERACTED`]->(a:`Item`)
    WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 500
    RETURN collect(a) AS hers
  }
  CALL (v) {
    MATCH (v)-[mine:`INTERACTED`]->(a:`Item`)
    WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 500
    RETURN collect(a) AS theirs
  }
  UNWIND [a IN hers WHERE a IN theirs] AS a
  MATCH (a:`Item`)
  WITH a, COUNT { (a)<-[:`INTERACTED`]-() } AS count ORDER BY count, a.`id` LIMIT toInteger($k)
  RETURN 1 AS part, 'both chose' AS kind, a.`id` AS id, toString(coalesce(a.`title`, a.`id`)) AS title, count
  UNION ALL // optional
  CALL (u) { MATCH (u)-[:`FOLLOWS`]->(w:`User`) WITH DISTINCT w LIMIT 500 RETURN collect(w) AS hers }
  CALL (v) { MATCH (v)-[:`FOLLOWS`]->(w:`User`) WITH DISTINCT w LIMIT 500 RETURN collect(w) AS theirs }
  UNWIND [w IN hers WHERE w IN theirs] AS w
  MATCH (w:`User`)
  WITH w, COUNT { (w)<-[:`FOLLOWS`]-() } AS count ORDER BY count, w.`id` LIMIT toInteger($k)
  RETURN 2 AS part, 'both have as a friend' AS kind, w.`id` AS id, toString(coalesce(w.`name`, w.`id`)) AS title, count
  UNION ALL
  MATCH (now:GraphRecPointer {name: 'current'})
  WITH u, v, now.run AS run
  MATCH (p:GraphRecRun {number: run})
  WITH coalesce(u[p.items_in], []) AS hers, coalesce(v[p.items_in], []) AS theirs
  UNWIND range(1, size(hers)) AS rank
  WITH hers[rank - 1] AS id, rank, [n IN range(1, size(theirs)) WHERE theirs[n - 1] = hers[rank - 1]][0] AS other
  WHERE other IS NOT NULL
  MATCH (i:`Item` {`id`: id})
  WITH i, rank + other AS count ORDER BY count, i.`id` LIMIT toInteger($k)
  RETURN 3 AS part, 'recommended to both' AS kind, i.`id` AS id, toString(coalesce(i.`title`, i.`id`)) AS title, count
}
RETURN kind, id, title, count ORDER BY part, count, id;
