WITH
{{roles}},
accounts AS (
  SELECT name, ancestors, JSON_VALUE(resource.data, '$.email') AS email
  FROM {{resources}}
  WHERE asset_type = 'iam.googleapis.com/ServiceAccount'
),
below AS (
  SELECT CONCAT('//cloudresourcemanager.googleapis.com/', ancestor) AS level, COUNT(*) AS accounts
  FROM accounts CROSS JOIN UNNEST(accounts.ancestors) AS ancestor
  GROUP BY level
),
granted AS (
  SELECT
    p.name AS level,
    binding.role AS role,
    member,
    binding.condition.expression AS condition,
    COALESCE(below.accounts, 1) AS accounts,
    p.asset_type != 'iam.googleapis.com/ServiceAccount' AS above_accounts
  FROM {{policies}} AS p
  CROSS JOIN UNNEST(p.iam_policy.bindings) AS binding
  CROSS JOIN UNNEST(binding.members) AS member
  JOIN roles ON roles.role = binding.role
  LEFT JOIN below ON below.level = p.name
  WHERE p.asset_type IN (
    'iam.googleapis.com/ServiceAccount',
    'cloudresourcemanager.googleapis.com/Project',
    'cloudresourcemanager.googleapis.com/Folder',
    'cloudresourcemanager.googleapis.com/Organization')
),
found AS (
  SELECT 'PUBLIC_IMPERSONATION' AS rule, 'critical' AS severity, level, role, member, condition, accounts
  FROM granted
  WHERE member IN ('allUsers', 'allAuthenticatedUsers')
  UNION ALL
  -- Owner and Editor are granted for other reasons.
  SELECT 'BROAD_IMPERSONATION', IF(STARTS_WITH(level, '//cloudresourcemanager.googleapis.com/projects/'), 'medium', 'high'),
    level, role, member, condition, accounts
  FROM granted
  WHERE above_accounts AND accounts > 1
    AND role NOT IN ('roles/owner', 'roles/editor', 'roles/viewer')
    AND NOT STARTS_WITH(member, 'deleted:')
    AND NOT REGEXP_CONTAINS(member, r'@(gcp-sa-[a-z0-9-]+\.iam|cloudservices)\.gserviceaccount\.com$')
  UNION ALL
  SELECT 'DELETED_MEMBER', 'low', level, role, member, condition, accounts
  FROM granted
  WHERE STARTS_WITH(member, 'deleted:')
)
SELECT
  found.rule,
  found.severity,
  -- What hangs on a condition, or on deny policies and boundaries that are not judged here, may be less.
  found.condition IS NULL
    AND (SELECT COUNT(*) FROM {{resources}}
         WHERE asset_type IN ('iam.googleapis.com/PolicyV2', 'iam.googleapis.com/PolicyBinding')) = 0 AS certain,
  found.level,
  found.role,
  found.member,
  found.condition,
  found.accounts
FROM found
ORDER BY found.rule, found.level, found.role, found.member
