// Paths from a user to an item through her friends who like it, to draw.
// mode:    read
// params:  user_id (key), item_id (key)
// returns: path
// interactions: positive

// Bounds: 200 of her friends are looked at, and 10 who like the item are drawn.
MATCH (u:`User` {`id`: $user_id})
MATCH (i:`Item` {`id`: $item_id})
CALL (u) { MATCH (u)-[:`FOLLOWS`]->(v:`User`) WHERE v <> u RETURN DISTINCT v LIMIT 200 }
MATCH path = (u)-[:`FOLLOWS`]->(v)-[liked:`INTERACTED`]->(i)
RETURN path LIMIT 10;
