// The communities that most recommendations are of, each a landmark with items of it that share a list, to draw.
// mode:    read
// params:  k (integer, default 6)
// returns: path

// The landmarks and their items are chosen as in concentration_by_community_table, which names them all.
// Bounds: as there; 4 items of each landmark, joined to it by one of its first 100 users who has both in her drawn list.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
CALL (p) {
  MATCH (u:`User`)
  WITH p, u LIMIT 100000
  UNWIND u[p.items_in] AS id
  WITH id, count(*) AS lists ORDER BY lists DESC, id
  WITH collect({id: id, lists: lists}) AS listed
  UNWIND listed[..2000] AS one
  MATCH (i:`Item` {`id`: one.id})
  WHERE i[p.item_vector_in] IS NOT NULL
  WITH i, one.lists AS lists ORDER BY lists DESC, i.`id`
  RETURN collect({id: i.`id`, lists: lists, vector: i[p.item_vector_in]}) AS found
}
WITH p, found, reduce(chosen = [], turn IN range(1, toInteger($k)) |
  chosen + reduce(best = {merit: 0.0, places: []}, place IN range(0, size(found[..200]) - 1) |
    CASE WHEN place IN chosen THEN best ELSE
      [merit IN [found[place].lists * reduce(apart = 1.0, other IN chosen |
         CASE WHEN 1 - vector.similarity.cosine(found[place].vector, found[other].vector) < apart
              THEN 1 - vector.similarity.cosine(found[place].vector, found[other].vector) ELSE apart END)] |
       CASE WHEN merit > best.merit THEN {merit: merit, places: [place]} ELSE best END][0]
    END).places) AS chosen
UNWIND found AS one
WITH p, found, chosen, one, reduce(best = {near: -1.0}, place IN chosen |
  [near IN [vector.similarity.cosine(one.vector, found[place].vector)] |
   CASE WHEN near > best.near THEN {near: near, place: place} ELSE best END][0]).place AS place
WITH p, found, place, one ORDER BY one.lists DESC
WITH p, found[place].id AS landmark, sum(one.lists) AS recommended, collect(one.id)[..5] AS first
ORDER BY recommended DESC, landmark LIMIT toInteger($k)
MATCH (l:`Item` {`id`: landmark})
CALL (p, l) {
  MATCH (u:`User`)-[r:`RECOMMENDED`]->(l)
  WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
  WITH u, r LIMIT 100
  RETURN collect({user: u, drawn: r}) AS lists
}
CALL (p, l, first, lists) {
  UNWIND first AS id
  MATCH (i:`Item` {`id`: id}) WHERE i <> l
  CALL (p, l, i, lists) {
    UNWIND lists AS one
    WITH one.user AS u, one.drawn AS r
    MATCH path = (l)<-[r:`RECOMMENDED`]-(u:`User`)-[s:`RECOMMENDED`]->(i)
    WHERE s.run <= p.number AND (s.until IS NULL OR s.until > p.number)
    RETURN path LIMIT 1
  }
  RETURN path LIMIT 4
}
RETURN path LIMIT 50;
