"""What must hold of the books at any moment, asked of all of them at once."""

from collections.abc import Sequence

from db.database import Connection
from db.queries.book_invariants import INVARIANTS
from db.queries.offenders import Offender


async def find_violations(connection: Connection) -> dict[str, Sequence[Offender]]:
    """By the invariant's name; those that hold are left out."""
    found = {invariant.__name__: await invariant(connection) for invariant in INVARIANTS}
    return {name: offenders for name, offenders in found.items() if offenders}
