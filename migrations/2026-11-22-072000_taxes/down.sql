ALTER TABLE invoices DROP COLUMN tax_note;
ALTER TABLE invoices DROP COLUMN tax_name;
ALTER TABLE customers DROP COLUMN vat_id;
ALTER TABLE customers DROP COLUMN tax_category;
DROP TABLE tax_rates;
