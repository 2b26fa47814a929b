"""What tests wait for before they look for something on a page: that the platform's search knows it."""

import httpx

from tests.builders import eventually


async def found_by_search(http: httpx.AsyncClient, words: str) -> None:
    """Wait until a new live stream is found by these words of its title."""

    async def found() -> list[str]:
        items = (
            (await http.get("/api/search", params={"q": words, "type": "stream"})).raise_for_status().json()["items"]
        )
        return [item["stream"]["title"] for item in items]

    await eventually(found, lambda titles: any(words in title for title in titles))
