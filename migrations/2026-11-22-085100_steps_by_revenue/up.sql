-- Steps count a partner's revenue whatever a distributor gets out of the commission on it. Months
-- that were settled before keep their measure: there, that part counted as that much less revenue.
ALTER TABLE vendors ADD COLUMN steps_carved_through INTEGER NOT NULL DEFAULT 0;
UPDATE vendors SET steps_carved_through = (
    SELECT COALESCE(MAX(p.month), 0) FROM periods p
    WHERE p.tenant_id = vendors.tenant_id AND p.status <> 'open');
