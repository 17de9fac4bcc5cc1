-- Ids that were given since the backup are known outside: payments to providers, events to receivers, users to whoever
-- holds a token. None of them may come to mean something else, so every counter goes on beyond them.
DO $$
DECLARE
    counter record;
BEGIN
    FOR counter IN SELECT seqrelid::regclass AS name FROM pg_catalog.pg_sequence LOOP
        PERFORM pg_catalog.setval(counter.name, pg_catalog.nextval(counter.name) + 1000000);
    END LOOP;
END
$$;
