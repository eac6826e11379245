// The range indexes on one property of nodes, with those that belong to uniqueness constraints.
// mode:    read
// params:
// returns: label, property, unique
SHOW INDEXES YIELD type, entityType, labelsOrTypes, properties, owningConstraint
WHERE type = 'RANGE' AND entityType = 'NODE' AND size(properties) = 1
RETURN labelsOrTypes[0] AS label, properties[0] AS property, owningConstraint IS NOT NULL AS unique
