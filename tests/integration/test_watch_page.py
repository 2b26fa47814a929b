"""The watch page as the server writes it, for readers without scripts."""

import re

import httpx

from tests.builders import eventually, go_live, make_user


async def test_a_reader_without_scripts_sees_what_goes_on(http: httpx.AsyncClient) -> None:
    creator, stream = await go_live(http)
    fan = await make_user(http)
    path = f"/api/streams/{stream}"

    async def unscripted() -> str:
        page = (await http.get(f"/w/{stream}", headers={"accept": "text/html"})).text
        return "\n".join(re.findall(r"<noscript.*?</noscript>", page, re.DOTALL))

    assert "card" not in await unscripted()
    poll = {"question": "Tea & <b>cake</b>?", "choices": ["Tea", "Cake"], "durationS": 600}
    poll_id = (await creator.call("POST", f"{path}/polls", poll))["id"]
    goal = {"type": "reactions", "target": 40, "durationS": 600, "reward": "I sing"}
    await creator.call("POST", f"{path}/challenges", goal)
    await fan.call("POST", f"{path}/questions", {"text": "Which keyboard?"})
    shown = ("Tea &amp; &lt;b&gt;cake&lt;/b&gt;?", "0 of 40 reactions", "I sing", "Which keyboard?")
    await eventually(unscripted, lambda page: all(words in page for words in shown))
    await creator.call("POST", f"{path}/polls/{poll_id}/end")
    await eventually(unscripted, lambda page: "Tea" not in page and "I sing" in page)
