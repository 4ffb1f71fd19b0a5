-- Who an identity provider vouches for: its issuer and their subject there. NULL for users with a password.
ALTER TABLE user ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX user_by_subject ON user (subject) WHERE subject IS NOT NULL;
