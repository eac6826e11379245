// Brings the relationships of a batch of users to what a new run says: what is the same stays untouched, what
// is not ends with this run, what is missing begins with it.
// mode:    write
// params:  lease (text), number (integer), users (list), items (list), scores (list), reasons (list)
// returns: kept, begun, ended
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
CALL (p) {
  UNWIND range(0, size($users) - 1) AS g
  MATCH (u:`User` {`id`: $users[g]})
  CALL (u, g) {
    OPTIONAL MATCH (u)-[r:`RECOMMENDED`]->(i:`Item`) WHERE r.until IS NULL
    WITH r, coalesce(r.rank, 0) - 1 AS place, i.`id` AS id, $items[g] AS items, $scores[g] AS scores, $reasons[g] AS reasons
    WITH r, place, r IS NOT NULL AND 0 <= place < size(items)
      AND items[place] = id AND scores[place] = r.score AND reasons[place] = r.reason AS same
    FOREACH (former IN CASE WHEN same OR r IS NULL THEN [] ELSE [r] END | SET former.until = $number)
    RETURN collect(CASE WHEN same THEN place END) AS kept,
           count(CASE WHEN r IS NOT NULL AND NOT same THEN 1 END) AS ended
  }
  CALL (u, g, kept) {
    UNWIND range(0, size($items[g]) - 1) AS place
    WITH u, g, place WHERE NOT place IN kept
    MATCH (i:`Item` {`id`: $items[g][place]})
    MERGE (u)-[made:`RECOMMENDED` {run: $number}]->(i)
    SET made.rank = place + 1, made.score = $scores[g][place], made.reason = $reasons[g][place], made.until = null
    RETURN count(*) AS begun
  }
  RETURN sum(size(kept)) AS kept, sum(begun) AS begun, sum(ended) AS ended
}
RETURN kept, begun, ended
