// What the slots hold for each user, one page by business id: digests of the slot that is written, of the
// relationships as the current slot drew them, of the current slot, and of the walk's lists in the one that is written.
// mode:    read
// params:  from (key), page (integer), target (text), current (text)
// returns: ids, written, drawn, shown, walked
MATCH (u:`User`) WHERE u.`id` >= $from
WITH u ORDER BY u.`id` LIMIT $page
WITH u.`id` AS id, u[$target] AS target, u[$current] AS current
RETURN collect(id) AS ids, collect(coalesce(target[0], 0)) AS written, collect(coalesce(current[1], 0)) AS drawn,
       collect(coalesce(current[0], 0)) AS shown, collect(coalesce(target[2], 0)) AS walked
