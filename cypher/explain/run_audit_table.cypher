// One run under scrutiny: what it was made of, and whether its lists are whole, in order and still to the point.
// mode:    read
// params:  run (integer, default null), lists (integer, default 300)
// returns: asked, answer

// Without a run, the current one; of the one before the lists are kept, too, of older ones only what was noted of them.
// Bounds: the lists of the first users by id are looked at, as many as the parameter says.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
WITH coalesce($run, run) AS run
MATCH (p:GraphRecRun {number: run})
WITH p, NOT EXISTS { MATCH (later:GraphRecRun {slot: p.slot}) WHERE later.number > p.number } AS kept
CALL (p, kept) {
  MATCH (u:`User`) WHERE kept AND u.`id` IS NOT NULL
  WITH p, u ORDER BY u.`id` LIMIT toInteger($lists)
  WITH u, coalesce(u[p.items_in], []) AS items, coalesce(u[p.scores_in], []) AS scores,
       coalesce(u[p.reasons_in], []) AS reasons
  WITH u, items, reasons, any(n IN range(1, size(scores) - 1) WHERE scores[n] > scores[n - 1]) AS jumps
  CALL (u, items) {
    UNWIND items AS id
    OPTIONAL MATCH (i:`Item` {`id`: id})
    WITH i, CASE WHEN i IS NULL THEN false ELSE EXISTS { (u)-[:`INTERACTED`]->(i) } END AS has
    RETURN sum(CASE WHEN i IS NULL THEN 1 ELSE 0 END) AS lost, sum(CASE WHEN has THEN 1 ELSE 0 END) AS taken
  }
  RETURN count(u) AS looked, sum(size(items)) AS entries, sum(CASE items WHEN [] THEN 1 ELSE 0 END) AS empty,
         max(size(items)) AS longest, collect(size(items)) AS lengths, sum(lost) AS lost, sum(taken) AS taken,
         sum(CASE WHEN jumps THEN 1 ELSE 0 END) AS disordered,
         sum(size([reason IN reasons WHERE coalesce(reason, '') = ''])) AS unexplained
}
WITH p, kept, looked, entries, empty, lost, taken, disordered, unexplained,
     size([length IN lengths WHERE 0 < length < longest]) AS short
UNWIND [
  ['run', p.number], ['state', p.state], ['model', p.model], ['settings', p.settings], ['metrics', p.metrics],
  ['begun at', p.started_at], ['published at', p.published_at], ['users that it knew', p.users],
  ['items that it knew', p.items], ['interactions that it learnt from', p.interactions],
  ['entries of all its lists', p.recommendations]
] + CASE WHEN kept THEN [
  ['users looked at', looked], ['entries of their lists', entries], ['users without a list', empty],
  ['lists shorter than the longest', short], ['lists whose scores are out of order', disordered],
  ['entries without a reason', unexplained], ['entries whose item is gone', lost],
  ['entries that the user has already', taken]
] ELSE [] END AS row
RETURN row[0] AS asked, toString(row[1]) AS answer;
