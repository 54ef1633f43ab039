-- Billing asks of every subscription whether its plan was changed: few were.
CREATE INDEX changes_of_plan ON subscription_changes (tenant_id, subscription_id)
    WHERE plan_before_id IS NOT NULL;
