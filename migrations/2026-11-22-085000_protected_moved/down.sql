ALTER TABLE invoices DROP COLUMN protected_moved_minor;
