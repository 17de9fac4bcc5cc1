"""The settings of the console, the pages for staff."""

from pydantic import PositiveInt

from ops.setting_kinds import EnvironmentSettings


class ConsoleSettings(EnvironmentSettings):
    console_enabled: bool = True
    """Whether the pages are served: on a public listener they can be switched off."""
    console_session_hours: PositiveInt = 8
    """How long a login lasts, whatever is done meanwhile."""
