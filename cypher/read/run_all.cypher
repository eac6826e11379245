// All runs that are remembered, newest first.
// mode:    read
// returns: number, uuid, model, state, slot, settings, seed, digest, metrics, timings, schema, version,
//          started_at, published_at, users, items, interactions, recommendations, similar
MATCH (r:GraphRecRun)
RETURN r.number AS number, r.uuid AS uuid, r.model AS model, r.state AS state, r.slot AS slot,
       r.settings AS settings, r.seed AS seed, r.digest AS digest, r.metrics AS metrics,
       r.timings AS timings, r.schema AS schema, r.version AS version,
       toString(r.started_at) AS started_at, toString(r.published_at) AS published_at,
       r.users AS users, r.items AS items, r.interactions AS interactions,
       r.recommendations AS recommendations, coalesce(r.similar, 0) AS similar
ORDER BY number DESC
