"""Rate limits, and how much is taken at a time. Per account they are the same everywhere; per address a
deployment chooses.
"""

from pydantic import PositiveInt

from ops.setting_kinds import EnvironmentSettings


class LimitSettings(EnvironmentSettings):
    requests_at_once: PositiveInt = 64
    """How many requests of a kind (sign-in, webhooks, reads, writes) one API process works on at a time."""

    login_failures_per_account: PositiveInt = 10
    login_window_minutes: PositiveInt = 15
    logins_per_address_per_minute: PositiveInt = 60
    signups_per_address_per_hour: PositiveInt = 30
    password_resets_per_account_per_hour: PositiveInt = 3
    password_resets_per_address_per_hour: PositiveInt = 30
    starts_per_user_per_hour: PositiveInt = 20
    promo_codes_per_user_per_hour: PositiveInt = 60
    promo_codes_per_address_per_hour: PositiveInt = 300
    gift_codes_per_user_per_hour: PositiveInt = 30
    gift_codes_per_address_per_hour: PositiveInt = 120
    invitations_per_user_per_hour: PositiveInt = 30
    invitations_per_address_per_hour: PositiveInt = 120
