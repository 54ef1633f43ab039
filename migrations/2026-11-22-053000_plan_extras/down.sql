ALTER TABLE commission_plan_versions DROP COLUMN guarantee_currency;
ALTER TABLE commission_plan_versions DROP COLUMN guarantee_months;
ALTER TABLE commission_plan_versions DROP COLUMN guarantee_minor;
ALTER TABLE commission_plan_versions DROP COLUMN renewal_kept_bps;
ALTER TABLE commission_plan_versions DROP COLUMN renewal_bps;
