-- A plan may change to one that is billed at another interval: from that day periods and terms are
-- counted anew, and the anchor is that day. Which period begins on the anchor, so that periods go on
-- being numbered; how many renewed terms had begun before it; and from when periods are renewals to
-- commission, which an anchor that moves does not move.
ALTER TABLE subscriptions ADD COLUMN anchor_index INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN terms_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN renewals_from DATE;
