-- Which usage a line charges for: what late reports show to be too much is given back on it. Lines
-- from before are found by their days and by the name of their price.
ALTER TABLE invoice_lines ADD COLUMN usage_charge_id BIGINT;
UPDATE invoice_lines SET usage_charge_id = (
    SELECT MIN(usage_charges.id) FROM usage_charges
    JOIN prices ON prices.tenant_id = usage_charges.tenant_id AND prices.id = usage_charges.price_id
    WHERE usage_charges.tenant_id = invoice_lines.tenant_id
        AND usage_charges.subscription_id = invoice_lines.subscription_id
        AND usage_charges.service_from = invoice_lines.service_from
        AND invoice_lines.description LIKE '%: ' || prices.label || ', %'
) WHERE kind = 'usage';
