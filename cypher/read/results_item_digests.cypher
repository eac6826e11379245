// What the slot that is written holds for each item, one page by business id.
// mode:    read
// params:  from (key), page (integer), target (text)
// returns: ids, written
MATCH (i:`Item`) WHERE i.`id` >= $from
WITH i ORDER BY i.`id` LIMIT $page
RETURN collect(i.`id`) AS ids, collect(coalesce(i[$target], 0)) AS written
