// What the slots hold for each item, one page by business id: the digest of the slot that is written, and that of the
// relationships to similar items as the current run drew them.
// mode:    read
// params:  from (key), page (integer), target (text), current (text)
// returns: ids, written, drawn
MATCH (i:`Item`) WHERE i.`id` >= $from
WITH i ORDER BY i.`id` LIMIT $page
RETURN collect(i.`id`) AS ids, collect(coalesce(i[$target], 0)) AS written, collect(coalesce(i[$current], 0)) AS drawn
