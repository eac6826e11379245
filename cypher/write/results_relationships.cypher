// Brings the relationships of a batch of users to what a new run says: what is the same stays untouched, what
// is not ends with this run, what is missing begins with it. Doing it again changes nothing, since by then all is
// the same; so it can CREATE, which is twice as fast as MERGE.
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
    WITH r, r.rank - 1 AS place, i.`id` AS id, $items[g] AS items, $scores[g] AS scores, $reasons[g] AS reasons
    WITH r, CASE WHEN 0 <= place < size(items) AND items[place] = id AND scores[place] = r.score
      AND reasons[place] = r.reason THEN place END AS same
    WITH same, collect(r) AS drawn
    WITH same, CASE WHEN same IS NULL THEN drawn ELSE tail(drawn) END AS over
    FOREACH (former IN over | SET former.until = $number)
    RETURN collect(same) AS kept, sum(size(over)) AS ended
  }
  CALL (u, g, kept) {
    UNWIND range(0, size($items[g]) - 1) AS place
    WITH u, g, place WHERE NOT place IN kept
    MATCH (i:`Item` {`id`: $items[g][place]})
    CREATE (u)-[made:`RECOMMENDED` {run: $number}]->(i)
    SET made.rank = place + 1, made.score = $scores[g][place], made.reason = $reasons[g][place]
    RETURN count(*) AS begun
  }
  RETURN sum(size(kept)) AS kept, sum(begun) AS begun, sum(ended) AS ended
}
RETURN kept, begun, ended
