WITH RECURSIVE
accounts AS (
  SELECT
    name,
    ancestors,
    JSON_VALUE(resource.data, '$.email') AS email,
    IF(JSON_VALUE(resource.data, '$.disabled') = 'true', 'DISABLED', 'ENABLED') AS state
  FROM {{resources}}
  WHERE asset_type = 'iam.googleapis.com/ServiceAccount'
),
{{roles}},
granted AS (
  SELECT
    p.name AS level,
    member,
    LOGICAL_AND(binding.condition.expression IS NOT NULL) AS conditional
  FROM {{policies}} AS p
  CROSS JOIN UNNEST(p.iam_policy.bindings) AS binding
  CROSS JOIN UNNEST(binding.members) AS member
  JOIN roles ON roles.role = binding.role
  WHERE NOT STARTS_WITH(member, 'deleted:')
  GROUP BY level, member
),
-- Who is let in where: on the account itself, and on everything above it.
edges AS (
  SELECT member, email, level, LOGICAL_AND(conditional) AS conditional
  FROM (
    SELECT granted.member, accounts.email, granted.level, granted.conditional
    FROM accounts JOIN granted ON granted.level = accounts.name
    UNION ALL
    SELECT granted.member, accounts.email, granted.level, granted.conditional
    FROM accounts
    CROSS JOIN UNNEST(accounts.ancestors) AS ancestor
    JOIN granted ON granted.level = CONCAT('//cloudresourcemanager.googleapis.com/', ancestor)
  )
  GROUP BY member, email, level
),
{{groups}},
-- Every group that a principal is in, through groups in groups.
above AS (
  SELECT member AS principal, group_name, 1 AS depth FROM group_members
  UNION ALL
  SELECT above.principal, g.group_name, above.depth + 1
  FROM above JOIN group_members AS g ON g.member = above.group_name
  WHERE above.depth < {{depth}}
),
principals AS (
  SELECT {{caller}} AS principal
  UNION DISTINCT
  SELECT CONCAT('serviceAccount:', email) AS principal FROM accounts WHERE state = 'ENABLED'
),
-- What a principal is without any group.
itself AS (
  SELECT principal, principal AS member FROM principals
  UNION DISTINCT
  SELECT principal, everyone AS member
  FROM principals CROSS JOIN UNNEST(['allUsers', 'allAuthenticatedUsers']) AS everyone
  UNION DISTINCT
  SELECT principal, CONCAT('domain:', SPLIT(principal, '@')[SAFE_OFFSET(1)]) AS member
  FROM principals WHERE STARTS_WITH(principal, 'user:')
  UNION DISTINCT
  SELECT CONCAT('serviceAccount:', email) AS principal,
    CONCAT('principalSet://cloudresourcemanager.googleapis.com/', ancestor, '/type/ServiceAccount') AS member
  FROM accounts CROSS JOIN UNNEST(ancestors) AS ancestor
  WHERE CONCAT('serviceAccount:', email) IN (SELECT principal FROM principals)
),
with_groups AS (
  SELECT principal, member FROM itself
  UNION DISTINCT
  SELECT itself.principal, above.group_name AS member
  FROM itself JOIN above ON above.principal = itself.member
),
{{owners}},
-- What a principal counts as.
counts_as AS (
  SELECT principal, member FROM with_groups
  UNION DISTINCT
  SELECT with_groups.principal, owners.convenience AS member
  FROM with_groups JOIN owners ON owners.member = with_groups.member
),
steps AS (
  SELECT counts_as.principal, edges.email, LOGICAL_AND(edges.conditional) AS conditional
  FROM counts_as JOIN edges ON edges.member = counts_as.member
  GROUP BY counts_as.principal, edges.email
),
-- A group of which no member is known may hold the caller, and so may a set of principals, but for those of identity pools,
-- which hold neither users nor service accounts. What holds such a one may too.
unlisted AS (
  SELECT member FROM edges
  UNION DISTINCT
  SELECT member FROM group_members
  UNION DISTINCT
  SELECT member FROM owners
),
atoms AS (
  SELECT member
  FROM unlisted
  WHERE (STARTS_WITH(member, 'principalSet:')
      AND NOT STARTS_WITH(member, 'principalSet://iam.googleapis.com/')
      AND NOT ENDS_WITH(member, '/type/ServiceAccount'))
    OR (STARTS_WITH(member, 'group:') AND member NOT IN (SELECT group_name FROM group_members))
),
groups_of_them AS (
  SELECT member FROM atoms
  UNION DISTINCT
  SELECT above.group_name AS member FROM above JOIN atoms ON atoms.member = above.principal
),
may_hold AS (
  SELECT member FROM groups_of_them
  UNION DISTINCT
  SELECT owners.convenience AS member FROM owners JOIN groups_of_them ON groups_of_them.member = owners.member
  UNION DISTINCT
  -- Nobody knows the owners of a project that the export does not have, or where it has the policies of no project.
  SELECT member
  FROM unlisted
  WHERE SPLIT(member, ':')[SAFE_OFFSET(0)] IN ('projectOwner', 'projectEditor', 'projectViewer')
    AND SUBSTR(member, STRPOS(member, ':') + 1) NOT IN (
      SELECT JSON_VALUE(resource.data, '$.projectId')
      FROM {{resources}}
      WHERE asset_type = 'cloudresourcemanager.googleapis.com/Project'
        AND asset_type IN (SELECT asset_type FROM {{policies}}))
),
guesses AS (
  SELECT DISTINCT edges.email FROM edges JOIN may_hold ON may_hold.member = edges.member
),
reached AS (
  SELECT {{caller}} AS principal, CAST(NULL AS STRING) AS email, 0 AS hops, CAST([] AS ARRAY<STRING>) AS way,
    FALSE AS conditional, FALSE AS guessed
  UNION ALL
  SELECT
    CONCAT('serviceAccount:', next.email),
    next.email,
    reached.hops + 1,
    ARRAY_CONCAT(reached.way, [CONCAT('serviceAccount:', next.email)]),
    reached.conditional OR next.conditional,
    reached.guessed OR next.guessed
  FROM reached
  JOIN (
    SELECT principal, email, conditional, FALSE AS guessed FROM steps
    UNION ALL
    SELECT {{caller}} AS principal, email, FALSE AS conditional, TRUE AS guessed FROM guesses
  ) AS next ON next.principal = reached.principal
  WHERE reached.hops < {{hops}}
    AND CONCAT('serviceAccount:', next.email) NOT IN UNNEST(reached.way)
    -- Back where it began leads nowhere new.
    AND (reached.hops = 0 OR CONCAT('serviceAccount:', next.email) != {{caller}})
),
undecided AS (
  SELECT
    (SELECT COUNT(*) FROM {{resources}} WHERE asset_type = 'iam.googleapis.com/PolicyV2') AS deny_policies,
    (SELECT COUNT(*) FROM {{resources}} WHERE asset_type = 'iam.googleapis.com/PolicyBinding') AS boundary_bindings
)
SELECT
  reached.email AS target,
  CASE
    WHEN undecided.deny_policies > 0 OR undecided.boundary_bindings > 0 THEN 'UNKNOWN_INFO'
    WHEN COUNTIF(NOT reached.conditional AND NOT reached.guessed) > 0 THEN 'CAN_ACCESS'
    WHEN COUNTIF(NOT reached.guessed) > 0 THEN 'UNKNOWN_CONDITIONAL'
    ELSE 'UNKNOWN_INFO'
  END AS verdict,
  MIN(accounts.state) AS target_state,
  MIN(reached.hops) AS hops,
  -- A shortest one, and of those the first by name.
  SUBSTR(MIN(CONCAT(LPAD(CAST(reached.hops AS STRING), 4, '0'), ' ', {{caller}}, ' > ', ARRAY_TO_STRING(reached.way, ' > '))), 6) AS way,
  undecided.deny_policies,
  undecided.boundary_bindings
FROM reached
JOIN accounts ON accounts.email = reached.email
CROSS JOIN undecided
WHERE reached.hops > 0
GROUP BY reached.email, undecided.deny_policies, undecided.boundary_bindings
ORDER BY reached.email
