"""The embedded Postgres against what real machines do to it."""

import asyncio
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cli.dev.postgres import EmbeddedPostgres, programs
from cli.dev.stack_error import StackError
from tests.stack import FAST


def short_folder(postgres: EmbeddedPostgres) -> Path:
    return Path(postgres.database_url("postgres").partition("host=")[2])


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(folder, options=FAST)
    await postgres.start()
    try:
        yield postgres
    finally:
        await postgres.stop()


async def ask(postgres: EmbeddedPostgres, query: str) -> str:
    command: list[str | Path] = [programs() / "psql", postgres.database_url("postgres"), "-Atc", query]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    return str(done.stdout).strip()


async def test_what_was_written_survives_kill_9_and_a_pid_that_is_somebody_elses_now(tmp_path: Path) -> None:
    async with server(tmp_path) as postgres:
        await ask(postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
        postgres.kill()

    pid_file = tmp_path / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n" + pid_file.read_text().partition("\n")[2])
    async with server(tmp_path) as postgres:
        assert await ask(postgres, "SELECT answer FROM kept") == "42"


async def test_a_server_that_outlived_its_stack_is_replaced(tmp_path: Path) -> None:
    async with server(tmp_path) as orphan, server(tmp_path) as postgres:
        assert not orphan.process.is_running
        assert await ask(postgres, "SELECT 1") == "1"


async def test_a_first_start_that_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "data.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    async with server(tmp_path) as postgres:
        assert await ask(postgres, "SHOW server_version_num") >= "180000"


async def test_only_the_owner_reaches_it_and_only_through_the_socket(tmp_path: Path) -> None:
    async with server(tmp_path) as postgres:
        assert await ask(postgres, "SHOW listen_addresses") == ""
        assert (tmp_path / "socket").stat().st_mode & 0o777 == 0o700


async def test_a_folder_too_deep_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 20) / ("er" * 20)
    async with server(deep) as postgres:
        assert str(deep) not in postgres.database_url("postgres")
        assert await ask(postgres, "SELECT 1") == "1"
    assert not short_folder(postgres).exists(), "the temporary folder is left as it was"


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(StackError, match='unrecognized configuration parameter "no_such_option"'):
        await EmbeddedPostgres(tmp_path, options={"no_such_option": "1"}).start()


async def test_a_short_folder_that_somebody_else_prepared_is_refused(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    theirs.mkdir()
    (mine / "socket").symlink_to(theirs)
    with pytest.raises(StackError, match="belongs to somebody else"):
        await EmbeddedPostgres(mine).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_a_normal_user_can_run_it(tmp_path: Path) -> None:
    """Everybody who is not root runs all these tests so; root becomes `nobody` for this one."""
    home = tmp_path / "nobody"
    home.mkdir()
    os.chown(home, 65534, 65534)
    script = """
        import asyncio, sys
        from pathlib import Path
        from cli.dev.postgres import EmbeddedPostgres

        async def main():
            postgres = EmbeddedPostgres(Path(sys.argv[1]))
            await postgres.start()
            print(await postgres.create_database("italiano"))
            await postgres.stop()

        asyncio.run(main())
    """
    setpriv = shutil.which("setpriv")
    assert setpriv is not None
    done = await asyncio.to_thread(
        subprocess.run,
        # The capability lets it pass through the folders of root's that this Python lies in.
        [
            *(setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"),
            *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
            *(sys.executable, "-c", textwrap.dedent(script), str(home)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("postgresql://postgres@/italiano?host="), done.stderr
    assert (home / "data").stat().st_uid == 65534
