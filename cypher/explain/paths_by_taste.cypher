// Paths from a user to an item through what she likes and people who like both, to draw.
// mode:    read
// params:  user_id (key), item_id (key)
// returns: path
// interactions: positive

// Bounds: her 100 newest choices and the item's 30 newest people; of the choices in common the 5 with most people
// are drawn, with 3 people each. The stored explanation (why_table) counts all; this is a picture of it.
MATCH (u:`User` {`id`: $user_id})
MATCH (i:`Item` {`id`: $item_id})
CALL (u, i) {
  MATCH (u)-[mine:`INTERACTED`]->(a:`Item`) WHERE a <> i
  WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 100
  RETURN collect(a) AS liked
}
CALL (u, i, liked) {
  CALL (u, i) {
    MATCH (i)<-[theirs:`INTERACTED`]-(v:`User`) WHERE v <> u
    WITH v, max(theirs.`time`) AS newest ORDER BY newest DESC LIMIT 30
    RETURN v
  }
  MATCH (v)-[also:`INTERACTED`]->(a:`Item`) WHERE a IN liked
  WITH a, collect(DISTINCT v) AS people ORDER BY size(people) DESC LIMIT 5
  UNWIND people[..3] AS v
  RETURN a, v
}
MATCH path = (u)-[first:`INTERACTED`]->(a)<-[second:`INTERACTED`]-(v)-[third:`INTERACTED`]->(i)
RETURN path LIMIT 30;
