// The stored explanation of one published pair as it is kept; why_table takes it apart.
// mode:    read
// params:  user_id (key), item_id (key)
// returns: title, why
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (u:`User` {`id`: $user_id})
MATCH (i:`Item` {`id`: $item_id})
WITH i, u[p.why_in] AS whys, coalesce(u[p.items_in], []) AS items
WITH i, whys, [n IN range(0, size(items) - 1) WHERE items[n] = i.`id`][0] AS place
WHERE place IS NOT NULL
RETURN toString(coalesce(i.`title`, i.`id`)) AS title, whys[place] AS why;
