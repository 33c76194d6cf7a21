"""Requests without a server."""

from starlette.requests import Request


def a_request(query: str = "", method: str = "GET", path: str = "/") -> Request:
    """A request with this query string."""
    return Request(
        {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [],
            "state": {},
        }
    )
