DROP TABLE conversions;
DROP TABLE payout_currencies;
DROP TABLE fx_rates;
