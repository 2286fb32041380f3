-- The roles that hold it: predefined ones as bindscope {{version}} knows them, custom ones as exported.
roles AS (
  SELECT role FROM UNNEST([
    {{predefined}}
  ]) AS role
  UNION ALL
  SELECT REPLACE(name, '//iam.googleapis.com/', '') AS role
  FROM {{resources}}
  WHERE asset_type = 'iam.googleapis.com/Role'
    AND EXISTS (
      SELECT 1 FROM UNNEST(JSON_VALUE_ARRAY(resource.data, '$.includedPermissions')) AS held
      WHERE held IN ({{permissions}}))
    AND COALESCE(JSON_VALUE(resource.data, '$.deleted'), 'false') != 'true'
    AND COALESCE(JSON_VALUE(resource.data, '$.stage'), '') != 'DISABLED'
)
