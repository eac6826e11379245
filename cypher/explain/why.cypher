// Every kind of path from a user to an item, the best few of each, to draw.
// mode:    read
// params:  user_id (key), item_id (key)
// returns: path
// interactions: positive

// Bounds: what is looked at is bounded as in paths_by_taste, paths_by_friends, paths_by_category and paths_by_interest,
// which draw one kind each; of all these paths, in turns, as many are drawn as 60 nodes hold. What the stored reasons
// name of her choices and of the item's categories comes before others; for these choices 100 of the item's newest
// people are looked at.
MATCH (u:`User` {`id`: $user_id})
MATCH (i:`Item` {`id`: $item_id})
OPTIONAL MATCH (now:GraphRecPointer {name: 'current'})
WITH u, i, now.run AS run
OPTIONAL MATCH (p:GraphRecRun {number: run})
WITH u, i, run, coalesce(u[p.items_in], []) AS items, u[p.why_in] AS whys
WITH u, i, run, [n IN range(0, size(items) - 1) WHERE items[n] = i.`id` | split(whys[n], '\n')][0] AS lines
WITH u, i, run, [line IN coalesce(lines, []) | split(line, '\t')] AS parts
WITH u, i, run, [part IN parts WHERE size(part) = 7 |
  [part[1], replace(replace(replace(part[4], '\\t', '\t'), '\\n', '\n'), '\\b', '\\')]] AS parts
WITH u, i, run, [part IN parts WHERE part[0] = 'taste' | part[1]] AS named,
     [part IN parts WHERE part[0] = 'category' | part[1]] AS within
CALL (u, i, run, named, within) {
  MATCH (p:GraphRecRun {number: run})
  MATCH path = (u)-[r:`RECOMMENDED`]->(i)
  WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
  RETURN collect(path) AS paths
  UNION ALL
  CALL (u, i, named) {
    MATCH (u)-[mine:`INTERACTED`]->(a:`Item`) WHERE a <> i
    WITH a, max(mine.`time`) AS newest, toString(a.`id`) IN named AS told ORDER BY told DESC, newest DESC LIMIT 100
    RETURN collect(a) AS liked
  }
  CALL (u, i, liked, named) {
    CALL (u, i) {
      MATCH (i)<-[theirs:`INTERACTED`]-(v:`User`) WHERE v <> u
      WITH v, max(theirs.`time`) AS newest ORDER BY newest DESC LIMIT 100
      RETURN collect(v) AS people
    }
    UNWIND range(0, size(people) - 1) AS place
    WITH people[place] AS v, place, liked, named
    MATCH (v)-[also:`INTERACTED`]->(a:`Item`) WHERE a IN liked
    WITH a, v, place, toString(a.`id`) IN named AS told WHERE told OR place < 30
    WITH a, told, collect(DISTINCT v) AS people ORDER BY told DESC, size(people) DESC LIMIT 5
    UNWIND people[..3] AS v
    RETURN a, v
  }
  CALL (u, i, a, v) {
    MATCH path = (u)-[first:`INTERACTED`]->(a)<-[second:`INTERACTED`]-(v)-[third:`INTERACTED`]->(i)
    RETURN path LIMIT 1
  }
  RETURN collect(path) AS paths
  UNION ALL // optional
  CALL (u) { MATCH (u)-[:`FOLLOWS`]->(v:`User`) WHERE v <> u RETURN DISTINCT v LIMIT 200 }
  CALL (u, i, v) { MATCH path = (u)-[:`FOLLOWS`]->(v)-[liked:`INTERACTED`]->(i) RETURN path LIMIT 1 }
  WITH path LIMIT 10
  RETURN collect(path) AS paths
  UNION ALL // optional
  CALL (i, within) {
    MATCH (i)-[:`IN_CATEGORY`]->(c:`Category`)
    WITH DISTINCT c, toString(c.`id`) IN within AS told ORDER BY told DESC LIMIT 20
    RETURN collect(c) AS categories
  }
  CALL (u, i, categories, within) {
    CALL (u, i) {
      MATCH (u)-[mine:`INTERACTED`]->(a:`Item`) WHERE a <> i
      WITH a, max(mine.`time`) AS newest ORDER BY newest DESC LIMIT 200
      RETURN a
    }
    MATCH (a)-[:`IN_CATEGORY`]->(c:`Category`) WHERE c IN categories
    WITH c, collect(DISTINCT a) AS liked, toString(c.`id`) IN within AS told
    ORDER BY told DESC, size(liked) DESC LIMIT 5
    UNWIND liked[..3] AS a
    RETURN a, c
  }
  CALL (u, i, a, c) {
    MATCH path = (u)-[chosen:`INTERACTED`]->(a)-[:`IN_CATEGORY`]->(c)<-[:`IN_CATEGORY`]-(i)
    RETURN path LIMIT 1
  }
  RETURN collect(path) AS paths
  UNION ALL // optional
  CALL (u) { MATCH (u)-[:`INTERESTED_IN`]->(c:`Category`) WITH DISTINCT c LIMIT 500 RETURN collect(c) AS hers }
  CALL (i, hers) { MATCH (i)-[:`IN_CATEGORY`]->(c:`Category`) WHERE c IN hers RETURN DISTINCT c LIMIT 10 }
  CALL (u, i, c) { MATCH path = (u)-[:`INTERESTED_IN`]->(c)<-[:`IN_CATEGORY`]-(i) RETURN path LIMIT 1 }
  RETURN collect(path) AS paths
}
UNWIND range(0, size(paths) - 1) AS turn
WITH paths[turn] AS path, turn ORDER BY turn
WITH collect(path) AS paths
WITH paths, reduce(met = [], path IN paths | met + [node IN nodes(path) WHERE NOT node IN met])[..60] AS drawn
UNWIND paths AS path
WITH path, drawn WHERE all(node IN nodes(path) WHERE node IN drawn)
RETURN path;
