ALTER TABLE statements DROP COLUMN withheld_minor;
ALTER TABLE statements DROP COLUMN tax_minor;
ALTER TABLE vendors DROP COLUMN vat_id;
DROP TABLE tax_terms;
