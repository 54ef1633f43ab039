ALTER TABLE subscription_changes DROP COLUMN effective_second;
ALTER TABLE charge_segments DROP COLUMN to_at;
ALTER TABLE charge_segments DROP COLUMN from_at;
ALTER TABLE plan_versions DROP COLUMN proration;
