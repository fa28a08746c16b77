"""Voters for the load test: each asks for what the page with its script asks for, and tries a used ballot again.

Standard library only and plain sockets, so that the load costs little beside what is measured.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

CHOICES = ("left", "right", "tie", "both_bad")
TOKEN = re.compile(r'name="token" value="([^"]+)"')
REVEAL = re.compile(r'data-here="[^"]*shown=')
FORM_KEY = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Answer:
    """One response. `seconds`: from the first byte sent to the last received."""

    status: int
    headers: dict[str, str]
    body: str
    seconds: float


@dataclass
class Tally:
    """What all voters did. `seconds` by step; `tokens` of the votes that were taken; `faults` in words."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    replays: int = 0
    replays_taken: int = 0
    faults: list[str] = field(default_factory=list)

    def took(self, step: str, *seconds: float) -> None:
        """Note the time of a step."""
        self.seconds.setdefault(step, []).append(sum(seconds))


class Voter:
    """One session against a server on loopback."""

    def __init__(self, port: int, page: str, tally: Tally, seed: int, replay: float) -> None:
        self.port, self.page, self.tally, self.replay_share = port, page, tally, replay
        self.cookies: dict[str, str] = {}
        self.random = random.Random(seed)
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self, until: float, think: float) -> None:
        """Vote until that moment of the monotonic clock, thinking for about `think` seconds before each vote."""
        await asyncio.sleep(self.random.random() * think)
        shown = await self.ask("GET", self.page)
        while time.monotonic() < until:
            await asyncio.sleep(think * (0.5 + self.random.random()))
            shown = await self.vote(shown)

    async def vote(self, shown: Answer) -> Answer:
        """Vote on the pair of a page; the page of the next one."""
        token = TOKEN.search(shown.body)
        if not token:
            self.tally.faults.append(f"no ballot on a page of status {shown.status}")
            return await self.ask("GET", self.page)
        cast = await self.post(shown, token[1], self.random.choice(CHOICES))
        if not REVEAL.search(cast.body):
            self.tally.faults.append(f"a vote was answered with {cast.status} {cast.headers.get('location', '')}")
            return await self.ask("GET", self.page)
        self.tally.tokens.append(token[1].partition(".")[0])
        following = await self.ask("GET", f"{self.page}?{urlencode({'after': token[1], 'ahead': 1})}")
        if following.status != 200:
            self.tally.faults.append(f"next {following.status}")
        self.tally.took("vote", cast.seconds)
        self.tally.took("next", following.seconds)
        self.tally.took("vote and next", cast.seconds, following.seconds)
        await self.show(following)
        if self.random.random() < self.replay_share:
            await self.replay(shown, token[1])
        return following

    async def show(self, shown: Answer) -> None:
        """Say that a pair that was fetched ahead is on the screen."""
        token = TOKEN.search(shown.body)
        stamp = await self.ask("GET", f"{self.page}stamp/?{urlencode({'token': token[1] if token else ''})}")
        self.tally.took("stamp", stamp.seconds)

    async def replay(self, shown: Answer, token: str) -> None:
        """Send a used ballot once more; a reveal would say that it was taken."""
        again = await self.post(shown, token, "left")
        self.tally.replays += 1
        self.tally.replays_taken += REVEAL.search(again.body) is not None

    async def post(self, shown: Answer, token: str, choice: str) -> Answer:
        """Send the form of a page."""
        key = FORM_KEY.search(shown.body)
        form = {"token": token, "choice": choice, "visible": "3.5", "at_once": "1"}
        return await self.ask("POST", self.page, {"csrfmiddlewaretoken": key[1] if key else "", **form})

    async def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> Answer:
        """One request on the connection that is open, as browsers do, or on a new one where the server closed it."""
        body = urlencode(form or {}).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"Cookie: {'; '.join(f'{name}={value}' for name, value in self.cookies.items())}"]
        if form is not None:
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        sent = "\r\n".join([*lines, "", ""]).encode() + body
        start = time.perf_counter()
        try:
            answer = await self._exchange(sent) if self.streams else b""
        except (ConnectionError, asyncio.IncompleteReadError):
            answer = b""
        if not answer:  # nothing came back on a connection that had been idle, so nothing was done
            self.close()
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
            answer = await self._exchange(sent)
        return self.parsed(answer, time.perf_counter() - start)

    async def _exchange(self, sent: bytes) -> bytes:
        """Send a request, and read the head of its answer and as much body as that says."""
        assert self.streams
        reader, writer = self.streams
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:] if line)
        body = await reader.readexactly(int(fields["content-length"]))
        if fields.get("connection") == "close":
            self.close()
        return head + body

    def close(self) -> None:
        """Leave the connection."""
        if self.streams:
            self.streams[1].close()
            self.streams = None

    def parsed(self, raw: bytes, seconds: float) -> Answer:
        """The response, its cookies kept."""
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").rstrip().split("\r\n")
        headers = {}
        for line in rest:
            name, _, value = line.partition(": ")
            if name.lower() == "set-cookie":
                cookie, _, kept = value.partition(";")[0].partition("=")
                self.cookies[cookie] = kept
            headers[name.lower()] = value
        return Answer(int(first.split()[1]), headers, body.decode("utf-8", "replace"), seconds)


async def voting(port: int, page: str, *, voters: int, seconds: float, think: float, replay: float = 0.05) -> Tally:
    """So many voters at once for so long, who send that share of their ballots again."""
    tally = Tally()
    until = time.monotonic() + seconds
    people = [Voter(port, page, tally, seed, replay) for seed in range(voters)]
    await asyncio.gather(*(voter.run(until, think) for voter in people))
    return tally
