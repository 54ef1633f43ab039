DROP TABLE adjustments;
DELETE FROM statement_lines WHERE block = 'extra';
DELETE FROM commission_entries WHERE kind NOT IN ('earned', 'reversal');
