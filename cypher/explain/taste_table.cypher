// The people whose choices are nearest to those of one user, nearest first, and what they have in common.
// mode:    read
// params:  user_id (key), k (integer, default 12)
// returns: rank, user, name, nearness, shared, rarest
// interactions: positive

// Bounds: her 50 newest choices and 30 people of each. A choice that few made counts for more: nearness adds up one
// divided by how many made it. The three rarest choices in common are named.
MATCH (u:`User` {`id`: $user_id})
CALL (u) {
  CALL (u) {
    MATCH (u)-[mine:`INTERACTED`]->(a:`Item`)
    WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 50
    RETURN a, 1.0 / COUNT { (a)<-[:`INTERACTED`]-() } AS weight
  }
  CALL (u, a) {
    MATCH (a)<-[theirs:`INTERACTED`]-(v:`User`) WHERE v <> u
    RETURN v LIMIT 30
  }
  WITH DISTINCT a, v, weight ORDER BY weight DESC
  WITH v, sum(weight) AS nearness, collect(a) AS shared ORDER BY nearness DESC, v.`id` LIMIT toInteger($k)
  RETURN collect({user: v, nearness: nearness, shared: shared}) AS near
}
UNWIND range(1, size(near)) AS rank
WITH rank, near[rank - 1] AS one, near[rank - 1].user AS v
MATCH (v:`User`)
CALL (one) {
  UNWIND one.shared[..3] AS a
  MATCH (a:`Item`)
  RETURN collect(toString(coalesce(a.`title`, a.`id`))) AS rarest
}
RETURN rank, v.`id` AS user, toString(coalesce(v.`name`, v.`id`)) AS name, one.nearness AS nearness,
       size(one.shared) AS shared, rarest
ORDER BY rank;
