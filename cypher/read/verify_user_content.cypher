// All that one slot holds of a page of users by business id, and what readers of one run see drawn for each, by rank.
// mode:    read
// params:  number (integer), names (map), from (key), page (integer)
// returns: id, digest, items, scores, reasons, why, walk_items, walk_scores, vector, drawn
MATCH (u:`User`) WHERE u.`id` >= $from
WITH u ORDER BY u.`id` LIMIT $page
CALL (u) {
  MATCH (u)-[r:`RECOMMENDED`]->(i:`Item`)
  WHERE r.run <= $number AND (r.until IS NULL OR r.until > $number)
  WITH r, i.`id` AS id ORDER BY r.rank
  RETURN collect([id, r.score, r.reason, r.count, r.because, r.because_labels]) AS drawn
}
RETURN u.`id` AS id, u[$names.user_digest] AS digest, u[$names.items] AS items, u[$names.scores] AS scores,
       u[$names.reasons] AS reasons, u[$names.why] AS why, u[$names.walk_items] AS walk_items,
       u[$names.walk_scores] AS walk_scores, u[$names.user_vector] AS vector, drawn
ORDER BY id
