// How an item reached those to whom it is recommended: what its stored reasons go through, the largest part first.
// mode:    read
// params:  item_id (key), k (integer, default 200)
// returns: kind, type, name, users, share, contribution, id

// Bounds: the k users with the highest scores, of what is drawn of their lists. The row of kind 'other' is what the
// stored contributions leave out; the shares are of the sum of all these users' scores, and add up to 1.
MATCH (now:GraphRecPointer {name: 'current'})
WITH now.run AS run
MATCH (p:GraphRecRun {number: run})
MATCH (i:`Item` {`id`: $item_id})<-[r:`RECOMMENDED`]-(u:`User`)
WHERE r.run <= p.number AND (r.until IS NULL OR r.until > p.number)
WITH p, i, u ORDER BY r.score DESC, u.`id` LIMIT toInteger($k)
WITH p, u, [n IN range(0, size(u[p.items_in]) - 1) WHERE u[p.items_in][n] = i.`id`][0] AS place
WITH u, split(u[p.why_in][place], '\n') AS lines
WITH u, [split(lines[0], '\t')[2], 'other', '', '', '', ''] AS rest, lines[1..] AS lines
UNWIND [rest] + [line IN lines WHERE size(split(line, '\t')) = 7 | split(line, '\t')] AS part
WITH part[1] AS kind, part[3] AS type, part[4] AS id, part[5] AS name, count(DISTINCT u) AS users,
     sum(toFloat(part[0])) AS contribution
WITH collect([kind, type, id, name, users, contribution]) AS rows, sum(contribution) AS total
UNWIND rows AS row
WITH row[0] AS kind, row[4] AS users, row[5] AS contribution, total,
     [text IN row[1..4] | replace(replace(replace(text, '\\t', '\t'), '\\n', '\n'), '\\b', '\\')] AS texts
RETURN kind, texts[0] AS type, texts[2] AS name, users,
       CASE WHEN total > 0 THEN contribution / total ELSE 0.0 END AS share, contribution, texts[1] AS id
ORDER BY kind = 'other', contribution DESC, type, id;
