ALTER TABLE commission_clauses DROP COLUMN volume_given_back;
ALTER TABLE commission_clauses DROP COLUMN volume_span;
