ALTER TABLE subscription_changes DROP COLUMN interval_before;
ALTER TABLE subscription_changes DROP COLUMN index_before;
ALTER TABLE subscription_changes DROP COLUMN anchor_before;
