// Paths from a user to an item through what she likes in the same categories, to draw.
// mode:    read
// params:  user_id (key), item_id (key)
// returns: path
// interactions: positive

// Bounds: 20 categories of the item and her 200 newest choices; of the categories in common the 5 with most of these
// are drawn, with 3 choices each.
MATCH (u:`User` {`id`: $user_id})
MATCH (i:`Item` {`id`: $item_id})
CALL (i) {
  MATCH (i)-[:`IN_CATEGORY`]->(c:`Category`)
  WITH DISTINCT c LIMIT 20
  RETURN collect(c) AS categories
}
CALL (u, i, categories) {
  CALL (u, i) {
    MATCH (u)-[mine:`INTERACTED`]->(a:`Item`) WHERE a <> i
    WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 200
    RETURN a
  }
  MATCH (a)-[:`IN_CATEGORY`]->(c:`Category`) WHERE c IN categories
  WITH c, collect(DISTINCT a) AS liked ORDER BY size(liked) DESC LIMIT 5
  UNWIND liked[..3] AS a
  RETURN a, c
}
MATCH path = (u)-[chosen:`INTERACTED`]->(a)-[:`IN_CATEGORY`]->(c)<-[:`IN_CATEGORY`]-(i)
RETURN path LIMIT 30;
