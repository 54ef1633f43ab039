-- What a commission plan pays beside its clauses: a bonus on renewed terms, and a floor under a
-- partner's first months.
ALTER TABLE commission_plan_versions ADD COLUMN renewal_bps INTEGER NOT NULL DEFAULT 0 CHECK (renewal_bps BETWEEN 0 AND 10000);
ALTER TABLE commission_plan_versions ADD COLUMN renewal_kept_bps INTEGER NOT NULL DEFAULT 10000 CHECK (renewal_kept_bps >= 0);
ALTER TABLE commission_plan_versions ADD COLUMN guarantee_minor BIGINT CHECK (guarantee_minor > 0);
ALTER TABLE commission_plan_versions ADD COLUMN guarantee_months INTEGER CHECK (guarantee_months > 0);
ALTER TABLE commission_plan_versions ADD COLUMN guarantee_currency TEXT CHECK (length(guarantee_currency) = 3);
