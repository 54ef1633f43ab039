DROP INDEX renewals_by_partner;
