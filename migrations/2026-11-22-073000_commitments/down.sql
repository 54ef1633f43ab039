DROP INDEX lines_by_subscription;
ALTER TABLE plan_versions DROP COLUMN minimum_minor;
