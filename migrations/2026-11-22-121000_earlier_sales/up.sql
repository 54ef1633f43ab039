-- From when those who were sold an earlier version of a plan come to this one: not before a day, with
-- their next period or at the renewal of their term, and not before so many months from their first
-- charge. Without a day they keep theirs for as long as they run.
ALTER TABLE plan_versions ADD COLUMN existing_from DATE;
ALTER TABLE plan_versions ADD COLUMN existing_at TEXT NOT NULL DEFAULT 'period' CHECK (existing_at IN ('period', 'renewal'));
ALTER TABLE plan_versions ADD COLUMN existing_months INTEGER NOT NULL DEFAULT 0 CHECK (existing_months BETWEEN 0 AND 120);
