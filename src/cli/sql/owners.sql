-- Whom a project's owners, editors and viewers are by its own policy (projectOwner: and its kin).
owners AS (
  SELECT DISTINCT CONCAT(kind.prefix, JSON_VALUE(project.resource.data, '$.projectId')) AS convenience, member
  FROM {{resources}} AS project
  JOIN {{policies}} AS p ON p.name = project.name
  CROSS JOIN UNNEST(p.iam_policy.bindings) AS binding
  CROSS JOIN UNNEST(binding.members) AS member
  JOIN (
    SELECT 'roles/owner' AS role, 'projectOwner:' AS prefix
    UNION ALL SELECT 'roles/editor', 'projectEditor:'
    UNION ALL SELECT 'roles/viewer', 'projectViewer:'
  ) AS kind ON kind.role = binding.role
  WHERE project.asset_type = 'cloudresourcemanager.googleapis.com/Project'
    AND NOT STARTS_WITH(member, 'deleted:')
)
