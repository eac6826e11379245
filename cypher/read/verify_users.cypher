// Whether the lists of one run are whole: how many there are, and how many are not, by what is wrong with them.
// mode:    read
// params:  number (integer)
// returns: users, entries, uneven, repeated, disordered, not_finite
MATCH (p:GraphRecRun {number: $number})
MATCH (u:`User`) WHERE u[p.items_in] IS NOT NULL
WITH coalesce(u[p.items_in], []) AS items, coalesce(u[p.scores_in], []) AS scores,
     coalesce(u[p.walk_items_in], []) AS walked, coalesce(u[p.walk_scores_in], []) AS walk_scores,
     size(coalesce(u[p.reasons_in], [])) AS reasons, size(coalesce(u[p.why_in], [])) AS why
WITH items, scores, walked, walk_scores,
     size(items) <> size(scores) OR size(items) <> reasons OR size(items) <> why OR size(walked) <> size(walk_scores)
       AS uneven
RETURN count(*) AS users, sum(size(items)) AS entries, sum(CASE WHEN uneven THEN 1 ELSE 0 END) AS uneven,
       sum(CASE WHEN any(n IN range(1, size(items) - 1) WHERE items[n] IN items[..n])
                  OR any(n IN range(1, size(walked) - 1) WHERE walked[n] IN walked[..n]) THEN 1 ELSE 0 END) AS repeated,
       sum(CASE WHEN any(n IN range(1, size(scores) - 1) WHERE scores[n] > scores[n - 1])
                  OR any(n IN range(1, size(walk_scores) - 1) WHERE walk_scores[n] > walk_scores[n - 1])
                THEN 1 ELSE 0 END) AS disordered,
       sum(CASE WHEN any(score IN scores + walk_scores WHERE isNaN(score) OR abs(score) > 1.7976931348623157e308)
                THEN 1 ELSE 0 END) AS not_finite
