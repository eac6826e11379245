// How many users and items one slot serves, and the lengths of their vectors.
// mode:    read
// params:  names (map)
// returns: users, user_vectors, items, item_vectors, lengths
CALL () {
  MATCH (u:`User`) WHERE u.`id` IS NOT NULL
  RETURN count(u[$names.items]) AS users, count(u[$names.user_vector]) AS user_vectors,
         collect(DISTINCT size(u[$names.user_vector])) AS user_lengths
}
CALL () {
  MATCH (i:`Item`) WHERE i.`id` IS NOT NULL
  RETURN count(i[$names.item_score]) AS items, count(i[$names.item_vector]) AS item_vectors,
         collect(DISTINCT size(i[$names.item_vector])) AS item_lengths
}
RETURN users, user_vectors, items, item_vectors, user_lengths + item_lengths AS lengths
