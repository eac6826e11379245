// Why items are in a user's published list: every stored contribution with its share of the score, as a table.
// mode:    read
// params:  user_id (key), item_id (key, default null)
// returns: rank, item, title, share, text, kind, exact, contribution, score, path

// Without item_id, all items of the list. The last row of an item, of kind 'other', is the part of its score that
// the stored contributions leave out, so that the contributions of an item add up to its score.
// Bounds: the largest contributions are stored with a list, 5 by default.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (u:`User` {`id`: $user_id})
UNWIND range(1, size(coalesce(u[p.items_in], []))) AS rank
WITH rank, u[p.items_in][rank - 1] AS id, split(u[p.why_in][rank - 1], '\n') AS lines
WHERE $item_id IS NULL OR id = $item_id
MATCH (i:`Item` {`id`: id})
WITH rank, i, lines, split(lines[0], '\t') AS head, toString(coalesce(i.`title`, i.`id`)) AS title
CALL (lines, head, title) {
  UNWIND range(1, size(lines) - 1) AS place
  WITH place, lines, title, split(lines[place], '\t') AS part
  WHERE size(part) = 7
  WITH place, part, split(lines[toInteger(part[6])], '\t') AS words, replace(title, '\\', '\\b') AS name
  WITH place, part, [word IN words |
    replace(replace(replace(word, '\\0', name), '\\1', part[5]), '\\2', part[2])] AS words
  WITH place, part, [word IN words |
    replace(replace(replace(word, '\\t', '\t'), '\\n', '\n'), '\\b', '\\')] AS words
  RETURN place, toFloat(part[0]) AS contribution, part[1] AS kind, words[0] AS path, words[1] AS text
  UNION ALL
  WITH head, lines
  RETURN size(lines) AS place, toFloat(head[2]) AS contribution, 'other' AS kind, null AS path, null AS text
}
WITH rank, i, title, place, toFloat(head[0]) AS score, head[1] = '1' AS exact, contribution, kind, path, text
RETURN rank, i.`id` AS item, title, CASE WHEN score > 0 THEN contribution / score ELSE 0.0 END AS share, text, kind,
       exact, contribution, score, path
ORDER BY rank, place;
