ALTER TABLE commission_clauses DROP COLUMN volume;
