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
-- Who is in a granted group, through groups in groups.
inside AS (
  SELECT granted.member AS granted, g.member AS member, 1 AS depth
  FROM granted JOIN group_members AS g ON granted.member = g.group_name
  UNION ALL
  SELECT inside.granted, g.member, inside.depth + 1
  FROM inside JOIN group_members AS g ON inside.member = g.group_name
  WHERE inside.depth < {{depth}}
),
holders AS (
  SELECT level, role, member, condition, member AS principal FROM granted
  UNION ALL
  SELECT granted.level, granted.role, granted.member, granted.condition, inside.member AS principal
  FROM granted JOIN (SELECT DISTINCT granted, member FROM inside) AS inside ON inside.granted = granted.member
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
GROUP BY holders.principal, undecided.deny_policies, undecided.boundary_bindings
ORDER BY holders.principal
