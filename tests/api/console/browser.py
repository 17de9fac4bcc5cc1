"""A browser without a screen: it keeps cookies, follows nothing, and sends forms as they stand in a page."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self

import httpx2

from tests.client import Student

FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
SECONDS = 60


@dataclass
class Form:
    """Where it goes, and what is in it before anybody types."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.attributes.update(known)
        if tag == "form":
            self.forms.append(Form(known["action"], known.get("method", "get")))
        if tag == "input" and "name" in known and self.forms:
            is_chosen = known.get("type") != "radio" or "checked" in known
            if is_chosen:
                self.forms[-1].fields[known["name"]] = known.get("value", "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(answer: httpx2.Response) -> _Page:
    page = _Page()
    page.feed(answer.text)
    return page


def words_of(answer: httpx2.Response) -> str:
    """What a person reads, with single blanks."""
    return re.sub(r"\s+", " ", " ".join(read(answer).words))


def form_of(answer: httpx2.Response, action: str) -> Form:
    """The one that goes there; the test fails when there is none."""
    [found] = [form for form in read(answer).forms if form.action == action]
    return found


def offered(answer: httpx2.Response) -> set[str]:
    """The last part of the address of each form that writes something."""
    actions = {form.action for form in read(answer).forms if form.method == "post"}
    return {action.rpartition("/")[2] for action in actions} - {"logout"}


class Browser:
    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    @classmethod
    async def signed_in(cls, base_url: str, person: Student) -> Self:
        browser = cls(httpx2.AsyncClient(base_url=base_url, timeout=SECONDS))
        answer = await browser.log_in(person.email, person.password)
        assert answer.status_code == 303, answer.text
        return browser

    async def log_in(self, email: str, password: str, **fields: str) -> httpx2.Response:
        return await self.post("/console/login", {"email": email, "password": password, **fields})

    async def get(self, path: str, **params: str) -> httpx2.Response:
        return await self.http.get(path, params=params or None)

    async def post(
        self, path: str, fields: dict[str, str], headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        return await self.http.post(path, data=fields, headers=FROM_HERE if headers is None else headers)

    async def open(self, path: str) -> httpx2.Response:
        """A page that is there."""
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return answer

    async def send(self, page: httpx2.Response, action: str, **typed: str) -> httpx2.Response:
        """The form as it stands in the page, with what is typed into it."""
        return await self.post(action, form_of(page, action).fields | typed)

    async def close(self) -> None:
        await self.http.aclose()
