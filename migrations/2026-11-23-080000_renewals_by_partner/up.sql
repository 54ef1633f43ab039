-- Which partners have kept a customer beyond its first term is asked of all of them at once.
CREATE INDEX renewals_by_partner ON invoice_lines (tenant_id, partner_id)
    WHERE phase = 'renewal' AND kind = 'recurring';
