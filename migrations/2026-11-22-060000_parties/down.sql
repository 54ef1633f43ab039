ALTER TABLE commission_entries DROP COLUMN about;
ALTER TABLE commission_entries DROP COLUMN part;
ALTER TABLE invoice_lines DROP COLUMN shared;
DROP TABLE earning_parts;
DROP TABLE distributor_links;
DROP TABLE subscription_parties;
