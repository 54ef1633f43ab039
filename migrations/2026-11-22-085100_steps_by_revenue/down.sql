ALTER TABLE vendors DROP COLUMN steps_carved_through;
