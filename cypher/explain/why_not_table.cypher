// Why an item is not in a user's list, in words: what is asked of an item that is, and how this one answers.
// mode:    read
// params:  user_id (key), item_id (key)
// returns: asked, answer, told
// interactions: positive

// Bounds: her 200 newest choices, the item's 200 newest people and 200 of her friends are looked at.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (u:`User` {`id`: $user_id})
MATCH (i:`Item` {`id`: $item_id})
WITH p, u, i, coalesce(u[p.items_in], []) AS items, coalesce(u[p.scores_in], []) AS scores
WITH p, u, i, items, scores, [n IN range(0, size(items) - 1) WHERE items[n] = i.`id`][0] AS place
CALL (u, i) {
  MATCH (u)-[mine:`INTERACTED`]->(a:`Item`) WHERE a <> i
  WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 200
  RETURN collect(a) AS liked
}
CALL (p, u, i, items, scores, place, liked) {
  RETURN 1 AS line, 'is it in her list?' AS asked, toString(place IS NOT NULL) AS answer,
         CASE WHEN place IS NOT NULL THEN 'number ' + (place + 1) + ' of ' + size(items) + ', with a score of '
                                          + round(scores[place], 6) + ': why_table tells why'
              WHEN size(items) = 0 THEN 'no list is published for her: she arrived after the last sync'
              ELSE 'no; the ' + size(items) + ' that are there have scores from ' + round(scores[0], 6) + ' down to '
                   + round(scores[-1], 6) + ', which it would have to pass' END AS told
  UNION ALL
  WITH u, i, EXISTS { (u)-[:`INTERACTED`]->(i) } AS has
  RETURN 2 AS line, 'has she got it already?' AS asked, toString(has) AS answer,
         CASE WHEN has THEN 'yes, and what she has is left out of her list' ELSE 'no' END AS told
  UNION ALL
  RETURN 3 AS line, 'has she chosen other things?' AS asked, toString(size(liked)) AS answer,
         CASE size(liked) WHEN 0 THEN 'no, so nothing of hers leads anywhere: she gets what is popular'
                          WHEN 200 THEN 'yes; the newest 200 are looked at here' ELSE 'yes' END AS told
  UNION ALL
  WITH i, COUNT { (i)<-[:`INTERACTED`]-(:`User`) } AS people
  RETURN 4 AS line, 'how many choices led to it?' AS asked, toString(people) AS answer,
         CASE people WHEN 0 THEN 'none, so no path between people leads to it'
                     ELSE 'that is what paths between people can come by' END AS told
  UNION ALL
  CALL (u, i) {
    MATCH (i)<-[theirs:`INTERACTED`]-(v:`User`) WHERE v <> u
    WITH v, max(theirs.`time`) AS newest ORDER BY newest DESC LIMIT 200
    RETURN collect(v) AS people
  }
  CALL (liked, people) {
    UNWIND people AS v
    MATCH (v)-[also:`INTERACTED`]->(a:`Item`) WHERE a IN liked
    RETURN count(DISTINCT v) AS near, count(DISTINCT a) AS shared
  }
  RETURN 5 AS line, 'how many who chose it share her taste?' AS asked, toString(near) AS answer,
         CASE near WHEN 0 THEN 'nobody who chose it chose anything that she did: it is out of her reach'
                   ELSE near + ' of ' + size(people) + ' looked at share ' + shared + ' of her ' + size(liked)
                        + ' choices; why_not draws some' END AS told
  UNION ALL // optional
  CALL (u) { MATCH (u)-[:`FOLLOWS`]->(v:`User`) WHERE v <> u RETURN DISTINCT v LIMIT 200 }
  WITH i, collect(v) AS friends
  CALL (i, friends) { UNWIND friends AS v MATCH (v)-[chosen:`INTERACTED`]->(i) RETURN count(DISTINCT v) AS fans }
  RETURN 6 AS line, 'how many of her friends like it?' AS asked, toString(fans) AS answer,
         fans + ' of ' + size(friends) + ' friends' AS told
  UNION ALL // optional
  CALL (i) { MATCH (i)-[:`IN_CATEGORY`]->(c:`Category`) RETURN count(DISTINCT c) AS categories }
  CALL (i, liked) {
    UNWIND liked AS a
    MATCH (a)-[:`IN_CATEGORY`]->(c:`Category`) WHERE EXISTS { (i)-[:`IN_CATEGORY`]->(c) }
    RETURN count(DISTINCT a) AS alike, count(DISTINCT c) AS common
  }
  RETURN 7 AS line, 'how many of her choices are in its categories?' AS asked, toString(alike) AS answer,
         alike + ' of ' + size(liked) + ', in ' + common + ' of its ' + categories + ' categories' AS told
  UNION ALL
  WITH p, u, i WHERE u[p.user_vector_in] IS NOT NULL AND i[p.item_vector_in] IS NOT NULL
  WITH 2 * vector.similarity.cosine(u[p.user_vector_in], i[p.item_vector_in]) - 1 AS cosine
  RETURN 8 AS line, 'how near is it by vector?' AS asked, toString(round(cosine, 3)) AS answer,
         'a cosine, from -1 to 1; vector_items lists what is nearest' AS told
}
RETURN asked, answer, told ORDER BY line;
