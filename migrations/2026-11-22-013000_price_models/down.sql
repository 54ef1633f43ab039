DROP TABLE price_tiers;
