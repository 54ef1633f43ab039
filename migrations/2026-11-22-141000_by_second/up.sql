-- How parts of a period are measured: by its days, or by the seconds that go by.
ALTER TABLE plan_versions ADD COLUMN proration TEXT NOT NULL DEFAULT 'day' CHECK (proration IN ('day', 'second'));
-- The instants of a stretch that is measured by the second, UTC; empty for whole days. Its days are
-- those that it begins on and ends before.
ALTER TABLE charge_segments ADD COLUMN from_at TIMESTAMP;
ALTER TABLE charge_segments ADD COLUMN to_at TIMESTAMP;
-- From which second of its day on, as the vendor's clocks show it.
ALTER TABLE subscription_changes ADD COLUMN effective_second INTEGER NOT NULL DEFAULT 0 CHECK (effective_second BETWEEN 0 AND 86399);
