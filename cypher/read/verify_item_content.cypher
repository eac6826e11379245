// All that one slot holds of a page of items by business id, and what readers of one run see drawn for each, by rank.
// mode:    read
// params:  number (integer), names (map), from (key), page (integer)
// returns: id, digest, similar, score, vector, drawn
MATCH (u:`Item`) WHERE u.`id` >= $from
WITH u ORDER BY u.`id` LIMIT $page
CALL (u) {
  MATCH (u)-[r:`SIMILAR`]->(i:`Item`)
  WHERE r.run <= $number AND (r.until IS NULL OR r.until > $number)
  WITH r, i.`id` AS id ORDER BY r.rank
  RETURN collect([id, r.score, r.reason, r.count, r.because, r.because_labels]) AS drawn
}
RETURN u.`id` AS id, u[$names.item_digest] AS digest, u[$names.similar_digest] AS similar, u[$names.item_score] AS score,
       u[$names.item_vector] AS vector, drawn
ORDER BY id
