ALTER TABLE import_files ADD COLUMN status_old TEXT NOT NULL DEFAULT 'checked' CHECK (status_old IN ('checked', 'refused', 'applied'));
UPDATE import_files SET status_old = CASE status WHEN 'withdrawn' THEN 'refused' ELSE status END;
ALTER TABLE import_files DROP COLUMN status;
ALTER TABLE import_files RENAME COLUMN status_old TO status;
