ALTER TABLE invoice_lines DROP COLUMN usage_charge_id;
