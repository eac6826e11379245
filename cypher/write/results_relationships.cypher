// Brings one type of relationship to what a new run says, for a batch of the nodes that they lead from: what is the
// same stays untouched, what is not ends with this run, what is missing begins with it. Doing it again changes nothing,
// since by then all is the same; so it can CREATE, which is twice as fast as MERGE.
// Here the type leads from a user to recommended items; with other names in place of these, from an item to similar
// ones. The first are told with reasons and with the ids, as text, and the labels of the nodes that these name, the second
// with counts; what is null is left out.
// mode:    write
// params:  lease (text), number (integer), sources (list), targets (list), scores (list), reasons (list), counts (list), because (list), because_labels (list)
// returns: kept, begun, ended
MATCH (p:GraphRecPointer {name: 'current'})
SET p.fence = true
WITH p WHERE p.lease = $lease
CALL (p) {
  UNWIND range(0, size($sources) - 1) AS g
  MATCH (u:`User` {`id`: $sources[g]})
  CALL (u, g) {
    OPTIONAL MATCH (u)-[r:`RECOMMENDED`]->(i:`Item`) WHERE r.until IS NULL
    WITH r, r.rank - 1 AS place, i.`id` AS id,
         $targets[g] AS targets, $scores[g] AS scores, $reasons[g] AS reasons, $counts[g] AS counts,
         $because[g] AS because, $because_labels[g] AS labels
    WITH r, CASE WHEN 0 <= place < size(targets) AND targets[place] = id AND scores[place] = r.score
      AND coalesce(reasons[place], '') = coalesce(r.reason, '')
      AND coalesce(counts[place], 0) = coalesce(r.count, 0)
      AND coalesce(because[place], []) = coalesce(r.because, [])
      AND coalesce(labels[place], []) = coalesce(r.because_labels, []) THEN place END AS same
    WITH same, collect(r) AS drawn
    WITH same, CASE WHEN same IS NULL THEN drawn ELSE tail(drawn) END AS over
    FOREACH (former IN over | SET former.until = $number)
    RETURN collect(same) AS kept, sum(size(over)) AS ended
  }
  CALL (u, g, kept) {
    UNWIND range(0, size($targets[g]) - 1) AS place
    WITH u, g, place WHERE NOT place IN kept
    MATCH (i:`Item` {`id`: $targets[g][place]})
    CREATE (u)-[made:`RECOMMENDED` {run: $number}]->(i)
    SET made.rank = place + 1, made.score = $scores[g][place],
        made.reason = $reasons[g][place], made.count = $counts[g][place],
        made.because = $because[g][place], made.because_labels = $because_labels[g][place]
    RETURN count(*) AS begun
  }
  RETURN sum(size(kept)) AS kept, sum(begun) AS begun, sum(ended) AS ended
}
RETURN kept, begun, ended
