ALTER TABLE commission_plan_versions DROP COLUMN renewal_clawback_mode;
ALTER TABLE commission_plan_versions DROP COLUMN renewal_clawback_days;
ALTER TABLE commission_clauses DROP COLUMN clawback_mode;
ALTER TABLE commission_clauses DROP COLUMN clawback_days;
