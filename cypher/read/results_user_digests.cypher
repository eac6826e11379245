// What the slots hold for each user, one page by business id: digests of the slot that is written, and of the
// relationships as the current slot drew them.
// mode:    read
// params:  from (key), page (integer), target (text), current (text)
// returns: ids, written, drawn
MATCH (u:`User`) WHERE u.`id` >= $from
WITH u ORDER BY u.`id` LIMIT $page
WITH u.`id` AS id, u[$target] AS target, u[$current] AS current
RETURN collect(id) AS ids, collect(coalesce(target[0], 0)) AS written, collect(coalesce(current[1], 0)) AS drawn
