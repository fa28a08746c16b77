"""`manage.py arena`: make arenas, pause them, invite voters, and act for voters who ask an operator."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from leaderboard.contracts.params import FieldError, InvalidInput, parse_params
from leaderboard.management.base import Command as Base
from leaderboard.management.base import pairs
from leaderboard.models import Board, Invite, LiveBattle, User
from leaderboard.queries import arenas as read
from leaderboard.queries.boards import all_boards
from leaderboard.services import addresses, arena_changes, arenas, invites, live_erasure, live_rules, voter_links
from leaderboard.services.access import arena_of


class Command(Base):
    """One word says what to do."""

    help = "Make an arena of a board, pause it, invite voters, confirm an address, or erase who a voter is."

    def add_arguments(self, parser: CommandParser) -> None:
        """A sub-command with its options."""
        what = parser.add_subparsers(dest="what", required=True)
        make = what.add_parser("make", help="make an arena of a board")
        make.add_argument("board", help="short name of the board")
        make.add_argument("slug", help="short name of the arena")
        make.add_argument("--title", help="default: the board's title, by people")
        make.add_argument("--entries", nargs="*", default=[], metavar="SLUG", help="default: all, also later ones")
        make.add_argument("--categories", nargs="*", default=[], metavar="NAME", help="default: all")
        make.add_argument("--share", type=float, default=1.0, help="share of the prompts, drawn at random (default 1)")
        make.add_argument("--access", default="anyone", help="anyone, account, domain or provider (default anyone)")
        make.add_argument("--domains", nargs="*", default=[], metavar="DOMAIN", help="e-mail domains for domain")
        make.add_argument("--providers", nargs="*", default=[], metavar="ID", help="sign-in providers for provider")
        make.add_argument("--consent", default="", help="text that voters accept before the first vote")
        make.add_argument("--invite-only", action="store_true", help="only who has an invitation votes")
        make.add_argument("--apart", action="store_true", help="rate named and anonymous votes apart too")
        make.add_argument("--sampling", nargs="*", default=[], metavar="NAME=VALUE", help="how pairs are drawn")
        make.add_argument(
            "--live", nargs="*", default=[], metavar="NAME=VALUE", help="live battles: on=true allows them"
        )
        live = what.add_parser("live", help="set how live battles go; without settings, tell them")
        live.add_argument("board", help="short name of the arena")
        live.add_argument("settings", nargs="*", metavar="NAME=VALUE", help="such as on=true tokens=128")
        for word, told in (("pause", "take no more votes for now"), ("resume", "take votes again")):
            what.add_parser(word, help=told).add_argument("board", help="short name of the arena")
        change = what.add_parser("change", help="change a running arena; votes that were given stay")
        change.add_argument("board", help="short name of the arena")
        change.add_argument("--add", nargs="*", default=[], metavar="SLUG", help="entries to show too")
        change.add_argument("--retire", nargs="*", default=[], metavar="SLUG", help="entries to draw no more")
        change.add_argument("--access", help="anyone, account, domain or provider")
        change.add_argument("--domains", nargs="*", metavar="DOMAIN", help="e-mail domains for domain")
        change.add_argument("--providers", nargs="*", metavar="ID", help="sign-in providers for provider")
        change.add_argument("--invite-only", choices=["yes", "no"], help="whether only who has an invitation votes")
        change.add_argument("--consent", help="text that voters accept before the next vote")
        change.add_argument("--sampling", nargs="*", metavar="NAME=VALUE", help="how pairs are drawn; the rest stays")
        change.add_argument("--limits", nargs="*", metavar="NAME=NUMBER", help="such as account_minute=20")
        change.add_argument("--apart", action="store_true", help="rate named and anonymous votes apart, past ones too")
        change.add_argument("--reason", default="", help="stands in the log")
        invite = what.add_parser("invite", help="make an invitation; with no --label, list them")
        invite.add_argument("board", help="short name of the arena")
        invite.add_argument("--label", help="whom it is for")
        invite.add_argument("--days", type=int, help="days until it expires (default: never)")
        invite.add_argument("--most", type=int, help="how many may use it (default: any number)")
        revoke = what.add_parser("revoke", help="take an invitation back")
        revoke.add_argument("number", type=int, help="its number in the list")
        verify = what.add_parser("verify", help="confirm that an address is an account's")
        verify.add_argument("user")
        verify.add_argument("address")
        prompt = what.add_parser("erase-prompt", help="erase a live prompt and both answers; the vote stays")
        prompt.add_argument("key", help="the prompt's key, as its page shows it")
        for word, told in (("erase", "cut an account from its votes"), ("let-back", "let it vote again")):
            what.add_parser(word, help=told).add_argument("user")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it."""
        getattr(self, f"_{options['what'].replace('-', '_')}")(options)

    def _make(self, given: dict[str, Any]) -> None:
        board = _board(given["board"])
        what = ("slug", "entries", "categories", "share")
        who = ("access", "domains", "providers", "consent", "invite_only", "apart")
        told = {name: given[name] for name in (*what, *who)}
        told |= {"title": given["title"] or f"{board.title}, by people"[:100]}
        told |= {"sampling": pairs(given["sampling"], "sampling"), "live": pairs(given["live"], "live")}
        made = arenas.make(board, parse_params(arenas.ArenaSettings, told), user=None)
        self.stdout.write(f"The arena is at /boards/{made.slug}/vote/.")

    def _live(self, given: dict[str, Any]) -> None:
        board = _arena(given["board"])
        settings = live_rules.settings_of(board)
        if given["settings"]:
            settings = live_rules.change(board, pairs(given["settings"], "settings"))
        for name, value in settings.canonical().items():
            self.stdout.write(f"{name}={json.dumps(value)}")

    def _change(self, given: dict[str, Any]) -> None:
        board = _arena(given["board"])
        told = {name: given[name] for name in ("access", "domains", "providers", "consent")}
        told |= {"apart": given["apart"] or None}
        told |= {"invite_only": None if given["invite_only"] is None else given["invite_only"] == "yes"}
        told |= {name: given[name] and pairs(given[name], name) for name in ("sampling", "limits")}
        if given["add"] or given["retire"]:
            told["entries"] = _shown(board, given["add"], given["retire"])
        asked = {name: value for name, value in told.items() if value is not None}
        for name, (before, after) in arena_changes.change(board, asked, user=None, reason=given["reason"]).items():
            self.stdout.write(f"{name}: {json.dumps(before)} -> {json.dumps(after)}")

    def _pause(self, given: dict[str, Any]) -> None:
        arena_changes.change(_arena(given["board"]), {"paused": True}, user=None)
        self.stdout.write("Voting is paused.")

    def _resume(self, given: dict[str, Any]) -> None:
        arena_changes.change(_arena(given["board"]), {"paused": False}, user=None)
        self.stdout.write("Voting is open.")

    def _invite(self, given: dict[str, Any]) -> None:
        board = _arena(given["board"])
        if given["label"] is not None:
            own = {name: given[name] for name in ("label", "days", "most")}
            self._tell(board, invites.make(board, **own, user=None))
            return
        for one in read.invites(board):
            self._tell(board, one)

    def _tell(self, board: Board, invite: Invite) -> None:
        fault = invites.why_not(invite, timezone.now())
        link = f"/boards/{board.slug}/join/{invites.token_of(invite)}/"
        used = f"{invite.used} of {invite.most}" if invite.most else str(invite.used)
        self.stdout.write(f"{invite.pk}  {json.dumps(invite.label)}  used {used}  {fault or link}")

    def _revoke(self, given: dict[str, Any]) -> None:
        invite = Invite.objects.filter(pk=given["number"]).first()
        if invite is None:
            raise InvalidInput(FieldError(("number",), f"There is no invitation {given['number']}."))
        self.stdout.write("Taken back." if invites.revoke(invite) else "It had been taken back before.")

    def _verify(self, given: dict[str, Any]) -> None:
        row = addresses.confirm(_user(given["user"]), given["address"])
        self.stdout.write(f"{row.address} is confirmed.")

    def _erase(self, given: dict[str, Any]) -> None:
        done = voter_links.erase(_user(given["user"]))
        self.stdout.write("Nothing leads from the account to its votes." if done else "It was erased before.")

    def _erase_prompt(self, given: dict[str, Any]) -> None:
        battle = LiveBattle.objects.filter(prompt__key=given["key"]).first()
        if battle is None:
            raise InvalidInput(FieldError(("key",), f"There is no live prompt '{given['key']}'."))
        live_erasure.erase_open(battle)
        self.stdout.write("The prompt and its answers are erased.")

    def _let_back(self, given: dict[str, Any]) -> None:
        done = voter_links.let_back(_user(given["user"]))
        self.stdout.write("The account votes again, as a new voter." if done else "The account had not left.")


def _board(slug: str) -> Board:
    board = all_boards().filter(slug=slug).first()
    if board is None:
        raise InvalidInput(FieldError(("board",), f"There is no board '{slug}'."))
    return board


def _arena(slug: str) -> Board:
    board = _board(slug)
    if not board.open_to_votes:
        raise InvalidInput(FieldError(("board",), f"The board '{slug}' takes no votes."))
    return arena_of(board)


def _shown(board: Board, more: list[str], gone: list[str]) -> list[str]:
    """The entries to show. Raises InvalidInput for one to retire that is not shown."""
    now = [entry.slug for entry in read.shown(board)]
    for slug in gone:
        if slug not in now:
            raise InvalidInput(FieldError(("retire",), f"The arena does not show '{slug}'."))
    return [slug for slug in [*now, *more] if slug not in gone]


def _user(name: str) -> User:
    user = User.objects.filter(username=name).first()
    if user is None:
        raise InvalidInput(FieldError(("user",), f"There is no account '{name}'."))
    return user
