ALTER TABLE subscriptions DROP COLUMN renewals_from;
ALTER TABLE subscriptions DROP COLUMN terms_before;
ALTER TABLE subscriptions DROP COLUMN anchor_index;
