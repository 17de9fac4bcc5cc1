"""No file of the repository holds what looks like a secret of the real world."""

import re
import subprocess
from pathlib import Path

import pytest

SECRETS = {
    "a live key of Stripe": r"\b[rs]k_live_[0-9a-zA-Z]{16,}",
    "a key of AWS": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of GitHub": r"\b(gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{60,})",
    "a token of Slack": r"\bxox[abprs]-[0-9A-Za-z-]{10,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a token that was issued": r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{20,}",
    "a password in an address": r"postgres(ql)?(\+\w+)?://\w+:(?!\$|change-me|secret|password|hunter)[^@\s\"'{}<>:]{8,}@",
}
BINARY = {".ttf", ".png", ".pdf", ".ico"}


def is_told(text: str) -> list[str]:
    return [what for what, pattern in SECRETS.items() if re.search(pattern, text)]


def test_no_file_holds_a_secret(root: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True)
    files = [root / name for name in listed.stdout.splitlines()]
    texts = {file: file.read_text() for file in files if file.suffix not in BINARY and file.is_file()}

    assert len(texts) > 100
    assert {str(file): told for file, text in texts.items() if (told := is_told(text))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "STRIPE_API_KEY=sk_live_" + "4" * 24,
        "AKIA" + "Q" * 16,
        "ghp_" + "z" * 36,
        "-----BEGIN EC " + "PRIVATE KEY-----",
        "postgresql://italiano:" + "f00dcafe" * 4 + "@db.internal/italiano",
    ],
)
def test_a_secret_is_recognized(text: str) -> None:
    assert is_told(text)
