// What the last run changed in a user's list, against the run before: what is new, gone, up, down or where it was.
// mode:    read
// params:  user_id (key)
// returns: change, rank, former_rank, item, title, score, former_score, reason

// Bounds: both lists as published, 20 items by default; nothing after a rollback or while a sync writes, since then one
// generation is kept. Scores of two models cannot be compared.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (before:GraphRecRun)
WHERE before.number < p.number AND before.slot <> p.slot AND before.state = 'retired'
  AND NOT EXISTS { MATCH (later:GraphRecRun {slot: before.slot}) WHERE later.number > before.number }
MATCH (u:`User` {`id`: $user_id})
WITH p, before, u, coalesce(u[p.items_in], []) AS items, coalesce(u[before.items_in], []) AS former
UNWIND items + [id IN former WHERE NOT id IN items] AS id
WITH p, before, u, id, [n IN range(1, size(items)) WHERE items[n - 1] = id][0] AS rank,
     [n IN range(1, size(former)) WHERE former[n - 1] = id][0] AS former_rank
OPTIONAL MATCH (i:`Item` {`id`: id})
RETURN CASE WHEN former_rank IS NULL THEN 'new' WHEN rank IS NULL THEN 'gone' WHEN rank < former_rank THEN 'up'
            WHEN rank > former_rank THEN 'down' ELSE 'same' END AS change,
       rank, former_rank, id AS item, toString(coalesce(i.`title`, id)) AS title, u[p.scores_in][rank - 1] AS score,
       u[before.scores_in][former_rank - 1] AS former_score,
       coalesce(u[p.reasons_in][rank - 1], u[before.reasons_in][former_rank - 1]) AS reason
ORDER BY rank, former_rank;
