"""The local account: passwords, throttling, one-time links, revocation."""

from __future__ import annotations

import base64
from datetime import timedelta

import bcrypt
import pytest

from common.adapters.memory.clock import SettableClock
from common.adapters.memory.logins import MemoryLogins
from common.core.keys import Object
from server.auth.accounts import Accounts
from server.auth.installation import Installation, read_installation
from server.auth.tokens import InvalidToken
from server.http.faults import Code, Fault

HASH = bcrypt.hashpw(b"sesame", bcrypt.gensalt(rounds=4)).decode()


class Fixed:
    """An installation that tests change."""

    def __init__(self, installation: Installation) -> None:
        self.now = installation

    def current(self) -> Installation:
        """As it is."""
        return self.now


def secret(**values: str) -> Object:
    """`argocd-secret`."""
    return {"data": {name: base64.b64encode(text.encode()).decode() for name, text in values.items()}}


def stored(**values: str) -> Installation:
    """With a password and a key."""
    given = {"admin.password": HASH, "server.secretkey": "0123456789abcdef0123456789abcdef", **values}
    return read_installation(secret(**given))


@pytest.fixture
def clock() -> SettableClock:
    """Standing still."""
    return SettableClock()


@pytest.fixture
def accounts(clock: SettableClock) -> Accounts:
    """With the password `sesame`."""
    return Accounts(Fixed(stored()), MemoryLogins(clock), clock)


def test_the_right_password_gives_a_token(accounts: Accounts) -> None:
    """Which is then the account's."""
    assert accounts.identify(accounts.log_in("admin", "sesame", "1.2.3.4")).name == "admin"


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("admin", "x"),
        ("admin", ""),
        ("root", "sesame"),
        ("admin", "s" * 100),
        ("admin", "sesame\0"),
        ("", "sesame"),
    ],
)
def test_anything_else_does_not(accounts: Accounts, name: str, password: str) -> None:
    """A wrong name and a wrong password sound the same."""
    with pytest.raises(Fault, match="Invalid username or password") as caught:
        accounts.log_in(name, password, "1.2.3.4")
    assert caught.value.code is Code.UNAUTHENTICATED


def test_guessing_is_throttled_for_each_address(accounts: Accounts, clock: SettableClock) -> None:
    """Five in five minutes; another address is not shut out by it."""
    for _ in range(5):
        with pytest.raises(Fault):
            accounts.log_in("admin", "x", "1.2.3.4")
    with pytest.raises(Fault) as caught:
        accounts.log_in("admin", "sesame", "1.2.3.4")
    assert caught.value.http == 429
    assert accounts.log_in("admin", "sesame", "5.6.7.8")
    clock.advance(301)
    assert accounts.log_in("admin", "sesame", "1.2.3.4")


def test_a_link_logs_in_once(clock: SettableClock) -> None:
    """And not after its time."""
    logins = MemoryLogins(clock)
    accounts = Accounts(Fixed(stored()), logins, clock)
    logins.hand_out("once", seconds=60)
    assert accounts.log_in_once("once")
    assert accounts.log_in_once("once") is None
    logins.hand_out("late", seconds=60)
    clock.advance(61)
    assert accounts.log_in_once("late") is None
    assert accounts.log_in_once("") is None


def test_tokens_end_with_a_log_out_and_with_a_new_password(clock: SettableClock) -> None:
    """Revoked ones are refused; so are those from before the password was changed."""
    installation = Fixed(stored())
    accounts = Accounts(installation, MemoryLogins(clock), clock)
    first, second = accounts.token_for("admin"), accounts.token_for("admin")
    accounts.log_out(accounts.identify(first))
    with pytest.raises(InvalidToken, match="revoked"):
        accounts.identify(first)
    assert accounts.identify(second)
    later = (clock.now() + timedelta(seconds=5)).isoformat()
    installation.now = stored(**{"admin.passwordMtime": later})
    with pytest.raises(InvalidToken, match="password has changed"):
        accounts.identify(second)


def test_without_a_key_nobody_is_known(clock: SettableClock) -> None:
    """Nothing is signed with an empty key, and nothing signed so counts."""
    accounts = Accounts(Fixed(Installation()), MemoryLogins(clock), clock)
    with pytest.raises(Fault, match=r"server\.secretkey"):
        accounts.token_for("admin")
    with pytest.raises(InvalidToken):
        accounts.identify("a.b.c")


def test_the_installation_is_read_from_its_secret() -> None:
    """Webhooks' secrets by their sender; what is no base64 counts as absent."""
    found = read_installation(
        {
            "data": {"webhook.github.secret": "a25vdHM=", "admin.password": "?"},
            "stringData": {"webhook.gitlab.secret": "x"},
        }
    )
    assert {name: value.reveal() for name, value in found.webhooks.items()} == {
        "github": "knots",
        "gitlab": "x",
    }
    assert not found.admin_password
