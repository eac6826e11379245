// Where recommendations concentrate by community, a landmark and the items like it: the share of each of all lists.
// mode:    read
// params:  k (integer, default 10)
// returns: rank, landmark, title, items, recommended, share, like

// The landmarks are chosen one after another, each the item that is in most lists times how unlike it is to those before
// it; every item belongs to the landmark whose published vector is nearest. recommended is in how many lists its items
// are, and like names the next items of it that are in most lists.
// Bounds: every list is looked at, up to 100,000 of them, and the 2,000 items that are in most; landmarks are among the
// first 200 of these.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
CALL (p) {
  MATCH (u:`User`)
  WITH p, u LIMIT 100000
  UNWIND u[p.items_in] AS id
  WITH id, count(*) AS lists ORDER BY lists DESC, id
  WITH collect({id: id, lists: lists}) AS listed, sum(lists) AS entries
  UNWIND listed[..2000] AS one
  MATCH (i:`Item` {`id`: one.id})
  WHERE i[p.item_vector_in] IS NOT NULL
  WITH entries, i, one.lists AS lists ORDER BY lists DESC, i.`id`
  RETURN entries, collect({id: i.`id`, title: toString(coalesce(i.`title`, i.`id`)), lists: lists,
                           vector: i[p.item_vector_in]}) AS found
}
WITH p, entries, found, reduce(chosen = [], turn IN range(1, toInteger($k)) |
  chosen + reduce(best = {merit: 0.0, places: []}, place IN range(0, size(found[..200]) - 1) |
    CASE WHEN place IN chosen THEN best ELSE
      [merit IN [found[place].lists * reduce(apart = 1.0, other IN chosen |
         CASE WHEN 1 - vector.similarity.cosine(found[place].vector, found[other].vector) < apart
              THEN 1 - vector.similarity.cosine(found[place].vector, found[other].vector) ELSE apart END)] |
       CASE WHEN merit > best.merit THEN {merit: merit, places: [place]} ELSE best END][0]
    END).places) AS chosen
UNWIND found AS one
WITH entries, found, chosen, one, reduce(best = {near: -1.0}, place IN chosen |
  [near IN [vector.similarity.cosine(one.vector, found[place].vector)] |
   CASE WHEN near > best.near THEN {near: near, place: place} ELSE best END][0]).place AS place
WITH entries, found, place, one ORDER BY one.lists DESC
WITH entries, found[place] AS landmark, count(*) AS items, sum(one.lists) AS recommended, collect(one.title)[..4] AS first
ORDER BY recommended DESC, landmark.lists DESC
WITH entries, collect({landmark: landmark, items: items, recommended: recommended, first: first}) AS made
UNWIND range(1, size(made)) AS rank
WITH rank, made[rank - 1] AS one, made[rank - 1].landmark AS landmark, entries
RETURN rank, landmark.id AS landmark, landmark.title AS title, one.items AS items, one.recommended AS recommended,
       toFloat(one.recommended) / entries AS share, [name IN one.first WHERE name <> landmark.title] AS like
ORDER BY rank;
