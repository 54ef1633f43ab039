DROP INDEX credit_note_lines_by_line;
DROP INDEX entries_by_invoice;
