-- Over which calendar months revenue counts towards a clause's steps, and whether what customers get
-- back after those are closed takes the steps anew.
ALTER TABLE commission_clauses ADD COLUMN volume_span TEXT NOT NULL DEFAULT 'month'
    CHECK (volume_span IN ('month', 'quarter', 'year'));
ALTER TABLE commission_clauses ADD COLUMN volume_given_back TEXT NOT NULL DEFAULT 'original_rate'
    CHECK (volume_given_back IN ('original_rate', 'reband'));
