-- A file that was checked and is not wanted after all is withdrawn. A check cannot be altered in
-- place on both databases, so the column is made anew.
ALTER TABLE import_files ADD COLUMN status_new TEXT NOT NULL DEFAULT 'checked' CHECK (status_new IN ('checked', 'refused', 'applied', 'withdrawn'));
UPDATE import_files SET status_new = status;
ALTER TABLE import_files DROP COLUMN status;
ALTER TABLE import_files RENAME COLUMN status_new TO status;
