-- What speaks against an address: names.
ALTER TABLE leads ADD COLUMN risks json NOT NULL DEFAULT '[]';
