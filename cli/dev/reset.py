from cli.dev.home import Home
from cli.dev.leftovers import stop_leftovers
from cli.dev.stack_error import StackError


def reset_home() -> None:
    """Refused while the stack runs; what a killed one left running is ended first."""
    home = Home.from_environment()
    if not home.folder.exists():
        print(f"nothing is kept in {home.folder}")
        return
    try:
        with home.claimed():
            stop_leftovers(home.logs)
            home.wipe()
    except StackError as error:
        raise SystemExit(f"FAIL {error}") from None
    print(f"forgot everything in {home.folder}")
