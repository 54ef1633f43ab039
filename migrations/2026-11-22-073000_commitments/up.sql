-- What a billing period comes to at least, before tax; 0 for no commitment. What is missing is a line
-- of kind 'true_up' on the bill that follows the period.
ALTER TABLE plan_versions ADD COLUMN minimum_minor BIGINT NOT NULL DEFAULT 0 CHECK (minimum_minor >= 0);

CREATE INDEX lines_by_subscription ON invoice_lines (tenant_id, subscription_id, kind);
