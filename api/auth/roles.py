"""Who may use what is for staff: `support` reads, `admin` also writes."""

ADMIN = "admin"
SUPPORT = "support"
