// Where recommendations concentrate by category: the share of each of what is recommended, and of the catalogue.
// mode:    read
// params:  k (integer, default 20)
// returns: rank, category, name, items, recommended, share, catalogue

// An item of two categories counts in both, so shares can add up to more than 1. The items are those of the category
// that are in any list, recommended is in how many lists they are; catalogue is the category's share of all items.
// Bounds: every list is looked at, up to 100,000 of them.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
CALL (p) {
  MATCH (u:`User`)
  WITH p, u LIMIT 100000
  UNWIND u[p.items_in] AS id
  WITH id, count(*) AS lists
  RETURN collect([id, lists]) AS listed, sum(lists) AS entries
}
CALL () { MATCH (i:`Item`) RETURN count(i) AS everything }
UNWIND listed AS one
MATCH (i:`Item` {`id`: one[0]})-[:`IN_CATEGORY`]->(c:`Category`)
WITH DISTINCT entries, everything, c, i, one[1] AS lists
WITH entries, everything, c, count(i) AS items, sum(lists) AS recommended
ORDER BY recommended DESC, c.`id` LIMIT toInteger($k)
WITH entries, everything, collect({category: c, items: items, recommended: recommended}) AS found
UNWIND range(1, size(found)) AS rank
WITH rank, found[rank - 1] AS one, found[rank - 1].category AS c, entries, everything
MATCH (c:`Category`)
RETURN rank, c.`id` AS category, toString(coalesce(c.`name`, c.`id`)) AS name, one.items AS items,
       one.recommended AS recommended, toFloat(one.recommended) / entries AS share,
       toFloat(COUNT { (c)<-[:`IN_CATEGORY`]-(:`Item`) }) / everything AS catalogue
ORDER BY rank;
