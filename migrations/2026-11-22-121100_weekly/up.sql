-- A plan may be billed weekly, which is no whole month and kept as 0, and every half-year.
ALTER TABLE plan_versions ADD COLUMN every_months INTEGER NOT NULL DEFAULT 1 CHECK (every_months IN (0, 1, 3, 6, 12));
UPDATE plan_versions SET every_months = interval_months;
ALTER TABLE plan_versions DROP COLUMN interval_months;
ALTER TABLE plan_versions RENAME COLUMN every_months TO interval_months;
