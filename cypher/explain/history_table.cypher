// What one user chose, newest first, else strongest first: who she is, as far as the graph knows.
// mode:    read
// params:  user_id (key), k (integer, default 20)
// returns: item, title, time, weight
// interactions: positive

// Bounds: k choices; of parallel ones the newest time and the largest weight.
MATCH (u:`User` {`id`: $user_id})
MATCH (u)-[mine:`INTERACTED`]->(a:`Item`)
WITH a, max(mine.`time`) AS time, max(mine.`weight`) AS weight
ORDER BY time DESC, weight DESC, a.`id` LIMIT toInteger($k)
RETURN a.`id` AS item, toString(coalesce(a.`title`, a.`id`)) AS title, time, weight
ORDER BY time DESC, weight DESC, item;
