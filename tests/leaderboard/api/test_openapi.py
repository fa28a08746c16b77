from __future__ import annotations

import re

from django.contrib.staticfiles import finders


def test_the_description_tells_every_error(get):
    schema = get("/openapi.json").json()
    assert schema["openapi"] == "3.1.0"
    operations = {f"{m} {p}": o for p, methods in schema["paths"].items() for m, o in methods.items()}
    assert len({o["operationId"] for o in operations.values()}) == len(operations) == 48
    for name, operation in operations.items():
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], name
        signed = "security" in operation
        assert signed or name.startswith("get"), "nobody writes without a token"
        assert ("401" in operation["responses"]) == signed
    standings = operations["get /api/v1/boards/{slug}/standings"]["responses"]
    assert set(standings["200"]["content"]) == {"application/json", "text/csv"}
    assert "304" in standings
    problem = schema["components"]["schemas"]["Problem"]
    assert set(problem["properties"]) == {"type", "title", "status", "detail", "errors"}


def test_the_docs_need_nothing_that_the_csp_forbids(get):
    response = get("/docs")
    assert response.status_code == 200
    assert "default-src 'self'" in response["Content-Security-Policy"]
    page = response.content.decode()
    assert "//" not in "".join(re.findall(r'(?:src|href)="([^"]*)"', page))
    inline = re.findall(r"<script(?![^>]*src=)([^>]*)>", page)
    assert all("application/json" in attributes for attributes in inline)
    assert not re.search(r"<style|\son\w+=|\sstyle=", page)
    for address in re.findall(r'(?:src|href)="/static/([^"]*)"', page):
        assert finders.find(address), address
