WITH RECURSIVE
-- The account, and everything above it: a grant on any of these reaches it.
target AS (
  SELECT
    name,
    ancestors,
    JSON_VALUE(resource.data, '$.email') AS email,
    IF(JSON_VALUE(resource.data, '$.disabled') = 'true', 'DISABLED', 'ENABLED') AS state
  FROM {{resources}}
  WHERE asset_type = 'iam.googleapis.com/ServiceAccount'
    AND {{target}} IN (JSON_VALUE(resource.data, '$.email'), JSON_VALUE(resource.data, '$.uniqueId'))
),
levels AS (
  SELECT name AS level FROM target
  UNION ALL
  SELECT CONCAT('//cloudresourcemanager.googleapis.com/', ancestor) AS level
  FROM target CROSS JOIN UNNEST(target.ancestors) AS ancestor
),
{{roles}},
granted AS (
  SELECT DISTINCT
    p.name AS level,
    binding.role AS role,
    member,
    binding.condition.expression AS condition
  FROM {{policies}} AS p
  JOIN levels ON levels.level = p.name
  CROSS JOIN UNNEST(p.iam_policy.bindings) AS binding
  CROSS JOIN UNNEST(binding.members) AS member
  JOIN roles ON roles.role = binding.role
  WHERE NOT STARTS_WITH(member, 'deleted:')
),
{{groups}},
{{owners}},
-- Whom a granted member stands for: itself, or those who have a basic role on a project.
named AS (
  SELECT member AS granted, member, FALSE AS by_role FROM granted
  UNION DISTINCT
  SELECT granted.member AS granted, owners.member, TRUE AS by_role
  FROM granted JOIN owners ON owners.convenience = granted.member
),
-- Who is in a group of these, through groups in groups.
inside AS (
  SELECT named.granted, g.member AS member, named.by_role, 1 AS depth
  FROM named JOIN group_members AS g ON named.member = g.group_name
  UNION ALL
  SELECT inside.granted, g.member, inside.by_role, inside.depth + 1
  FROM inside JOIN group_members AS g ON inside.member = g.group_name
  WHERE inside.depth < {{depth}}
),
everybody AS (
  SELECT granted, member, by_role FROM named
  UNION DISTINCT
  SELECT granted, member, by_role FROM inside
),
-- What nobody lists: sets, and groups that are not known. One that has a basic role is told by the row of all who have it.
sets AS (
  SELECT DISTINCT member
  FROM everybody
  WHERE REGEXP_CONTAINS(member, r'^(principalSet:|domain:|allUsers$|allAuthenticatedUsers$)')
    OR (STARTS_WITH(member, 'group:') AND member NOT IN (SELECT group_name FROM group_members))
),
stands_for AS (
  SELECT granted, member AS principal
  FROM everybody
  WHERE NOT (by_role AND member IN (SELECT member FROM sets))
  UNION DISTINCT
  SELECT everybody.granted, CONCAT('serviceAccount:', JSON_VALUE(a.resource.data, '$.email')) AS principal
  FROM {{resources}} AS a
  CROSS JOIN UNNEST(a.ancestors) AS ancestor
  JOIN everybody
    ON everybody.member = CONCAT('principalSet://cloudresourcemanager.googleapis.com/', ancestor, '/type/ServiceAccount')
  WHERE a.asset_type = 'iam.googleapis.com/ServiceAccount' AND NOT everybody.by_role
),
holders AS (
  SELECT granted.level, granted.role, granted.member, granted.condition, stands_for.principal
  FROM granted JOIN stands_for ON stands_for.granted = granted.member
),
-- Owners, editors and viewers of a project stand by themselves where not all of them are listed.
listed_projects AS (
  SELECT CONCAT(prefix, JSON_VALUE(resource.data, '$.projectId')) AS convenience
  FROM {{resources}} CROSS JOIN UNNEST(['projectOwner:', 'projectEditor:', 'projectViewer:']) AS prefix
  WHERE asset_type = 'cloudresourcemanager.googleapis.com/Project'
    AND asset_type IN (SELECT asset_type FROM {{policies}})
),
with_sets AS (
  SELECT DISTINCT granted
  FROM everybody
  WHERE member IN (SELECT member FROM sets)
),
undecided AS (
  SELECT
    (SELECT COUNT(*) FROM {{resources}} AS d JOIN levels
       ON levels.level = CONCAT('//cloudresourcemanager.googleapis.com/', d.ancestors[SAFE_OFFSET(0)])
      WHERE d.asset_type = 'iam.googleapis.com/PolicyV2') AS deny_policies,
    (SELECT COUNT(*) FROM {{resources}} WHERE asset_type = 'iam.googleapis.com/PolicyBinding') AS boundary_bindings
)
SELECT
  holders.principal,
  CASE
    WHEN undecided.deny_policies > 0 OR undecided.boundary_bindings > 0 THEN 'UNKNOWN_INFO'
    WHEN STARTS_WITH(holders.principal, 'group:') THEN 'UNKNOWN_INFO'
    WHEN COUNTIF(holders.condition IS NULL) > 0 THEN 'CAN_ACCESS'
    ELSE 'UNKNOWN_CONDITIONAL'
  END AS verdict,
  MIN(target.state) AS target_state,
  ARRAY_AGG(DISTINCT CONCAT(holders.role, ' to ', holders.member, ' on ', holders.level,
    IF(holders.condition IS NULL, '', CONCAT(' if ', holders.condition)))) AS via,
  undecided.deny_policies,
  undecided.boundary_bindings
FROM holders CROSS JOIN target CROSS JOIN undecided
WHERE NOT (STARTS_WITH(holders.principal, 'group:')
  AND holders.principal IN (SELECT group_name FROM group_members))
  AND NOT (holders.principal IN (SELECT convenience FROM listed_projects)
    AND holders.principal NOT IN (SELECT granted FROM with_sets))
GROUP BY holders.principal, undecided.deny_policies, undecided.boundary_bindings
ORDER BY holders.principal
