// Items that a user's friends liked and she has not seen, those of most friends first.
// mode:    read
// params:  user_id (key), k (integer, default 10)
// returns: rank, item, title, score, reason
// interactions: positive

// Bounds: 100 friends and the 100 newest items of each, of which the 500 with most friends are looked at; who has
// more friends gets the answer of some of them. The score is the number of friends; ties go to what is popular.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (u:`User` {`id`: $user_id})
CALL (u) { MATCH (u)-[:`FOLLOWS`]->(v:`User`) WHERE v <> u RETURN DISTINCT v LIMIT 100 }
CALL (v) {
  MATCH (v)-[liked:`INTERACTED`]->(i:`Item`)
  WITH i, max(liked.`time`) AS newest ORDER BY newest DESC LIMIT 100
  RETURN i
}
WITH p, u, i, count(v) AS friends, collect(toString(coalesce(v.`name`, v.`id`)))[..2] AS names
ORDER BY friends DESC, coalesce(i[p.item_score_in], 0.0) DESC LIMIT 500
WITH u, collect({item: i, friends: friends, names: names}) AS ranked
CALL (u, ranked) {
  UNWIND ranked AS one
  WITH u, one, one.item AS i WHERE i <> u AND NOT EXISTS { (u)-[:`INTERACTED`]->(i) }
  WITH one LIMIT toInteger($k)
  RETURN collect(one) AS list
}
UNWIND range(1, size(list)) AS rank
WITH rank, list[rank - 1].item AS i, list[rank - 1].friends AS score, list[rank - 1].names AS names
MATCH (i:`Item`)
RETURN rank, i.`id` AS item, toString(coalesce(i.`title`, i.`id`)) AS title, score,
       CASE score WHEN 1 THEN 'because your friend ' + names[0] + ' likes it'
                  WHEN 2 THEN 'because your friends ' + names[0] + ' and ' + names[1] + ' like it'
                  ELSE 'because ' + names[0] + ', ' + names[1] + ' and ' + (score - 2) + ' more of your friends like it'
       END AS reason
ORDER BY rank;
