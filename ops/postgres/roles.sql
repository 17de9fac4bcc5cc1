-- The three roles of the product. A superuser runs it, once for a server and again whenever it has changed:
--   psql --file roles.sql --set app_password=… --set migrate_password=… --set report_password=…
-- What each may do with the tables comes with the migrations (db/grants.py). Passwords that are not given stay as they are.
SELECT format('CREATE ROLE %I', role)
FROM unnest(ARRAY['italiano_migrate', 'italiano_app', 'italiano_report']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
\gexec

ALTER ROLE italiano_migrate LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE italiano_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE italiano_report LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 5;

-- The last line: the product's processes and the migrations ask for tighter limits themselves.
ALTER ROLE italiano_app SET statement_timeout = '60s';
ALTER ROLE italiano_app SET lock_timeout = '5s';
ALTER ROLE italiano_app SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE italiano_migrate SET lock_timeout = '4s';
ALTER ROLE italiano_report SET statement_timeout = '60s';
ALTER ROLE italiano_report SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE italiano_report SET default_transaction_read_only = on;
ALTER ROLE italiano_report SET search_path = report;

\if :{?app_password}
ALTER ROLE italiano_app PASSWORD :'app_password';
\endif
\if :{?migrate_password}
ALTER ROLE italiano_migrate PASSWORD :'migrate_password';
\endif
\if :{?report_password}
ALTER ROLE italiano_report PASSWORD :'report_password';
\endif
