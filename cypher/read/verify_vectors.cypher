// Whether the vectors and scores of one run are whole: how many there are, of which lengths, and how many are not finite.
// mode:    read
// params:  number (integer)
// returns: user_vectors, item_vectors, lengths, scores, not_finite
MATCH (p:GraphRecRun {number: $number})
CALL (p) {
  MATCH (u:`User`) WHERE u[p.user_vector_in] IS NOT NULL
  WITH u[p.user_vector_in] AS vector
  RETURN count(*) AS user_vectors, collect(DISTINCT size(vector)) AS user_lengths,
         sum(CASE WHEN any(x IN vector WHERE isNaN(x) OR abs(x) > 1.7976931348623157e308) THEN 1 ELSE 0 END) AS bad_users
}
CALL (p) {
  MATCH (i:`Item`) WHERE i[p.item_vector_in] IS NOT NULL
  WITH i[p.item_vector_in] AS vector
  RETURN count(*) AS item_vectors, collect(DISTINCT size(vector)) AS item_lengths,
         sum(CASE WHEN any(x IN vector WHERE isNaN(x) OR abs(x) > 1.7976931348623157e308) THEN 1 ELSE 0 END) AS bad_items
}
CALL (p) {
  MATCH (i:`Item`) WHERE i[p.item_score_in] IS NOT NULL
  WITH i[p.item_score_in] AS score
  RETURN count(*) AS scores,
         sum(CASE WHEN isNaN(score) OR abs(score) > 1.7976931348623157e308 THEN 1 ELSE 0 END) AS bad_scores
}
UNWIND user_lengths + item_lengths + [null] AS length
RETURN user_vectors, item_vectors, collect(DISTINCT length) AS lengths, scores,
       bad_users + bad_items + bad_scores AS not_finite
