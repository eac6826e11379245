// How many edges of one relationship type start and end at nodes of one label, from the count store.
// mode:    read
// params:
// returns: outgoing, incoming
RETURN
  COUNT { (:`User`)-[:`INTERACTED`]->() } AS outgoing,
  COUNT { ()-[:`INTERACTED`]->(:`Item`) } AS incoming
