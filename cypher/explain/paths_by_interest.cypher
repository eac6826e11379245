// Paths from a user to an item through categories that both are tied to, as skills are to members and jobs, to draw.
// mode:    read
// params:  user_id (key), item_id (key)
// returns: path

// Bounds: 10 paths.
MATCH (u:`User` {`id`: $user_id})
MATCH (i:`Item` {`id`: $item_id})
CALL (u) { MATCH (u)-[:`INTERESTED_IN`]->(c:`Category`) WITH DISTINCT c LIMIT 500 RETURN collect(c) AS hers }
CALL (i, hers) { MATCH (i)-[:`IN_CATEGORY`]->(c:`Category`) WHERE c IN hers RETURN DISTINCT c LIMIT 10 }
MATCH path = (u)-[:`INTERESTED_IN`]->(c)<-[:`IN_CATEGORY`]-(i)
RETURN path LIMIT 10;
