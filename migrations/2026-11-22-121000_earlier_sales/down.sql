ALTER TABLE plan_versions DROP COLUMN existing_months;
ALTER TABLE plan_versions DROP COLUMN existing_at;
ALTER TABLE plan_versions DROP COLUMN existing_from;
