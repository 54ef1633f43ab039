ALTER TABLE mails ADD COLUMN status_old TEXT NOT NULL DEFAULT 'queued' CHECK (status_old IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'unknown'));
UPDATE mails SET status_old = CASE status WHEN 'withdrawn' THEN 'failed' ELSE status END;
ALTER TABLE mails DROP COLUMN status;
ALTER TABLE mails RENAME COLUMN status_old TO status;
