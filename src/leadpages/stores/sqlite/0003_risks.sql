-- What speaks against an address: names, in JSON.
ALTER TABLE leads ADD COLUMN risks TEXT NOT NULL DEFAULT '[]';
