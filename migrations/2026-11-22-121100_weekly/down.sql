-- Fails where a plan is billed weekly or half-yearly.
ALTER TABLE plan_versions ADD COLUMN every_months INTEGER NOT NULL DEFAULT 1 CHECK (every_months IN (1, 3, 12));
UPDATE plan_versions SET every_months = interval_months;
ALTER TABLE plan_versions DROP COLUMN interval_months;
ALTER TABLE plan_versions RENAME COLUMN every_months TO interval_months;
