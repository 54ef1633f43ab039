DROP TABLE spiffs;
