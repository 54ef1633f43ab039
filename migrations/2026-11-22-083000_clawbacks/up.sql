-- What goes back when a customer leaves early: for how many days, 0 for never, and how much of it.
ALTER TABLE commission_clauses ADD COLUMN clawback_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE commission_clauses ADD COLUMN clawback_mode TEXT NOT NULL DEFAULT 'linear';
ALTER TABLE commission_plan_versions ADD COLUMN renewal_clawback_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE commission_plan_versions ADD COLUMN renewal_clawback_mode TEXT NOT NULL DEFAULT 'linear';
