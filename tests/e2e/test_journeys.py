"""Journeys of people through the whole stack: over HTTP, over Kafka, on the command line, in a browser."""

import asyncio
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from playwright.async_api import async_playwright, expect

from tests.e2e.user import User, Users, free_day
from tests.support import eventually
from tests.support.cli import Cli


async def test_a_meeting_from_booking_to_cancellation(jonas: User, mira: User) -> None:
    day = free_day()
    changes: list[str] = []
    following = asyncio.create_task(_follow(mira, changes))
    appointment = await jonas.book(day, mira, location="Room 4")
    path = f"/{appointment['id']}"
    assert [item["title"] for item in await mira.calendar(day)] == ["Review"], "visible when the answer comes"
    # Each is told before the next change, which would supersede what is not sent yet.
    await jonas.notified(appointment, _both("created"))
    await mira.notified(appointment, _both("invitation"))
    moved = await jonas.http.patch(
        path,
        json={
            "start_time": (day + timedelta(hours=2)).isoformat(),
            "end_time": (day + timedelta(hours=3)).isoformat(),
        },
        headers={"If-Match": '"1"'},
    )
    assert (moved.status_code, moved.headers["etag"]) == (200, '"2"')
    stale = await jonas.http.patch(path, json={"title": "Late"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    confirmed = await mira.http.post(f"{path}/confirm/")
    assert confirmed.json()["status"] == "confirmed"
    await jonas.notified(appointment, _both("created", "confirmed"))
    await mira.notified(appointment, _both("invitation", "rescheduled", "confirmed"))
    cancelled = await jonas.http.delete(path, params={"reason": "Rain"})
    assert cancelled.json()["status"] == "cancelled"
    messages = await mira.notified(appointment, _both("invitation", "rescheduled", "confirmed", "cancelled"))
    last = next(message for message in messages if message["type"] == "appointment_cancelled")
    assert (last["priority"], last["template_data"]["cancellation_reason"]) == ("high", "Rain")
    assert await mira.calendar(day) == [] or (await mira.calendar(day))[0]["status"] == "cancelled"
    await eventually(lambda: changes[-1:] == ["cancelled"] and changes, 10)
    assert changes == ["created", "rescheduled", "confirmed", "cancelled"]
    following.cancel()

    async def delivered() -> bool:
        items = (await jonas.http.get(f"{path}/notifications")).json()["items"]
        assert {item["state"] for item in items} == {"delivered"}, items
        return True

    await eventually(delivered, 20, interval=0.2)


async def _follow(user: User, changes: list[str]) -> None:
    async with user.http.stream("GET", "/stream", timeout=None) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data:") and "change" in line:
                changes.append(json.loads(line.removeprefix("data:"))["change"])  # noqa: PERF401  (as they come)


async def test_nobody_is_booked_twice_and_who_declines_is_free(jonas: User, mira: User) -> None:
    day = free_day()
    first = await jonas.book(day, mira)
    refused = await mira.try_to_book(day + timedelta(minutes=30))
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert (await mira.try_to_book(day + timedelta(minutes=60))).status_code == 201, "touching ends are fine"
    assert (await mira.http.post(f"/{first['id']}/decline")).status_code == 200
    assert (await mira.try_to_book(day + timedelta(minutes=15), minutes=30)).status_code == 201


async def test_of_a_hundred_people_who_want_one_room_keeper_one_gets_her(users: Users, mira: User) -> None:
    day = free_day()
    rivals = [await users(f"load{number:04}@nordlicht.example") for number in range(1, 61)]
    answers = await asyncio.gather(*(rival.try_to_book(day, mira) for rival in rivals))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 59


async def test_other_organizations_see_nothing_and_colleagues_only_that_it_is_busy(
    users: Users, jonas: User, mira: User
) -> None:
    day = free_day()
    stranger, colleague = await users("isla@harbor.example"), await users("lukas@nordlicht.example")
    admin = await users("greta@nordlicht.example")
    appointment = await jonas.book(day, mira)
    path = f"/{appointment['id']}"
    assert [(await user.http.get(path)).status_code for user in (stranger, colleague, admin)] == [
        404,
        404,
        200,
    ]
    assert (await stranger.http.delete(path)).status_code == 404
    assert (await mira.http.delete(path)).status_code == 403
    (busy,) = await colleague.calendar(day, of=jonas)
    assert set(busy) == {"start_time", "end_time", "busy"}
    assert (
        await stranger.http.get("/calendar", params={"user_id": jonas.id, **_range(day)})
    ).status_code == 404
    refused = await jonas.try_to_book(day + timedelta(hours=3), stranger)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_user")


def _range(day: datetime) -> dict[str, str]:
    return {"from": day.isoformat(), "to": (day + timedelta(days=1)).isoformat()}


async def test_a_repeated_request_is_one_booking(jonas: User) -> None:
    day, key = free_day(), {"Idempotency-Key": str(uuid4())}
    first = await jonas.try_to_book(day, headers=key)
    again = await jonas.try_to_book(day, headers=key)
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    other = await jonas.try_to_book(day, headers=key, title="Something else")
    assert (other.status_code, other.json()["code"]) == (409, "command_id_reused")
    assert len(await jonas.calendar(day)) == 1


async def test_kcat_and_the_command_line_book_like_everybody_else(
    stack: Cli, urls: dict[str, str], jonas: User
) -> None:
    day = free_day()
    command_id = str(uuid4())
    head = {
        "ce_id": command_id,
        "ce_type": "appointment.create",
        "actor": jonas.id,
        "organization": jonas.organization,
    }
    flags = [flag for name, value in head.items() for flag in ("-H", f"{name}={value}")]
    body = {
        "title": "From kcat",
        "start_time": day.isoformat(),
        "end_time": (day + timedelta(hours=1)).isoformat(),
    }
    argv = [
        "kcat",
        "-P",
        "-b",
        urls["KAFKA_BOOTSTRAP_SERVERS"],
        "-t",
        "booking.commands",
        "-k",
        "wrong",
        *flags,
    ]
    kcat = await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.PIPE)
    await kcat.communicate(json.dumps(body).encode())

    async def accepted() -> bool:
        return bool((await jonas.http.get(f"/commands/{command_id}")).json()["status"] == "accepted")

    await eventually(accepted, 20)
    start, end = (day + timedelta(hours=2)).isoformat(), (day + timedelta(hours=3)).isoformat()
    published = await stack(
        "publish", "appointment.create", "--actor", "jonas@nordlicht.example", "--follow",
        "--set", "title=From the terminal", "--set", f"start_time={start}", "--set", f"end_time={end}",
    )  # fmt: skip
    assert published.returncode == 0, published.stdout + published.stderr
    assert {item["title"] for item in await jonas.calendar(day)} == {"From kcat", "From the terminal"}
    appointment = next(item for item in await jonas.calendar(day) if item["title"] == "From the terminal")
    story = (await stack("trace", appointment["id"])).stdout
    assert all(word in story for word in ("appointment.create", "appointment.created", "notification.sent"))


async def test_preferences_decide_the_channels_and_the_zone(users: Users, mira: User) -> None:
    tomas = await users("lukas@nordlicht.example")
    wanted = {
        "timezone": "Asia/Tokyo",
        "locale": "en",
        "channels": {"email": False, "sms": True, "push": False},
        "types": {},
        "lead_times": {},
        "quiet_hours": None,
        "digest": {"enabled": False, "at": "18:00"},
    }
    assert (await tomas.http.put("/preferences", json=wanted)).status_code == 200
    assert (await tomas.http.get("/preferences")).json() == wanted
    appointment = await mira.book(free_day(), tomas)
    messages = await tomas.notified(
        appointment, {("appointment_invitation", "sms"), ("appointment_invitation", "in_app")}
    )
    assert all("18:00" in message["template_data"]["appointment_time"] for message in messages), (
        "09:00 UTC in Tokyo"
    )


async def test_an_organization_decides_for_its_people_and_says_why(users: Users) -> None:
    maya, jack, noor = [await users(f"{name}@harbor.example") for name in ("maya", "jack", "noor")]
    assert (await jack.http.put("/preferences/organization", json={})).status_code == 403
    rules = {"defaults": {"channels": {"sms": True}}, "mandatory": {"appointment_cancelled": ["email"]}}
    ruled = await maya.http.put("/preferences/organization", json=rules)
    assert ruled.status_code == 200, ruled.text
    assert (await maya.http.get("/preferences/organization")).json() == ruled.json()
    mine = {"channels": {"email": False}, "types": {"appointment_invitation": {"sms": False}}}
    assert (await jack.http.put("/preferences", json=mine)).json()["channels"] == {
        "email": False,
        "sms": True,
        "push": False,
    }

    async def explained(kind: str) -> dict[str, tuple[bool, str]]:
        answer = (await jack.http.get("/preferences/explain", params={"type": kind})).json()
        return {item["channel"]: (item["on"], item["level"]) for item in answer["channels"]}

    of_invitation, of_cancellation = [
        await explained(f"appointment_{kind}") for kind in ("invitation", "cancelled")
    ]
    assert of_invitation["email"] == (False, "person")
    assert of_invitation["sms"] == (False, "type")
    assert of_cancellation["email"] == (True, "mandatory")
    assert of_cancellation["sms"] == (True, "organization")

    def as_explained(kind: str, found: dict[str, tuple[bool, str]]) -> set[tuple[str, str]]:
        return {(f"appointment_{kind}", channel) for channel, (on, _) in found.items() if on}

    appointment = await noor.book(free_day(), jack)
    invited = as_explained("invitation", of_invitation)
    await jack.notified(appointment, invited)
    assert (await noor.http.delete(f"/{appointment['id']}")).status_code == 200
    await jack.notified(appointment, invited | as_explained("cancelled", of_cancellation))
    assert (await maya.http.put("/preferences/organization", json={})).json()["mandatory"] == {}


async def test_what_the_organizer_announces_waits_for_the_digest_of_who_wants_one(users: Users) -> None:
    lukas, nina = await users("lukas@nordlicht.example"), await users("nina@nordlicht.example")
    hours = 12 - datetime.now(UTC).hour  # a zone in which it is noon
    wish = {"timezone": f"Etc/GMT{-hours:+d}", "digest": {"enabled": True, "at": "20:00"}}
    assert (await nina.http.put("/preferences", json=wish)).status_code == 200
    appointment = await lukas.book(free_day(), nina)
    path = f"/{appointment['id']}"
    announced = await lukas.http.post(f"{path}/announce", json={"message": "Bring your boots."})
    assert (announced.status_code, announced.json()["version"]) == (200, 2)
    assert (await nina.http.post(f"{path}/announce", json={"message": "No"})).status_code == 403
    assert (await lukas.http.post(f"{path}/announce", json={"message": " "})).status_code == 422
    at_once = {("appointment_invitation", "in_app"), ("appointment_announcement", "in_app")}
    await nina.notified(appointment, at_once)

    async def by_mail() -> list[tuple[str, str]]:
        items = (await nina.http.get(f"{path}/notifications")).json()["items"]
        mails = [item for item in items if item["channel"] == "email" and item["recipient_id"] == nina.id]
        return sorted((mail["state"], mail["reason"] or "") for mail in mails)

    async def held() -> bool:
        return [state for state, _ in await by_mail()] == ["held", "held"]

    await eventually(held, 20, interval=0.2)
    # Its hour comes, by being moved to one that is over.
    wish["digest"] = {"enabled": True, "at": "06:00"}
    assert (await nina.http.put("/preferences", json=wish)).status_code == 200

    async def delivered() -> bool:
        found = await by_mail()
        assert [state for state, _ in found] == ["delivered"] * 2, found
        return all(reason.startswith("in the digest of ") for _, reason in found)

    await eventually(delivered, 20, interval=0.2)
    async with httpx.AsyncClient() as client:
        query = {"recipient": nina.id, "type": "appointment_digest"}
        found = (await client.get(f"{nina.communication}/sandbox/messages", params=query)).json()
    [digest] = found
    assert (digest["channels"], digest["template_data"]["digest_count"]) == (["email"], "2")
    assert "Bring your boots." in digest["template_data"]["digest_text"]
    await nina.notified(appointment, at_once)
    assert (await nina.http.put("/preferences", json={})).status_code == 200


async def test_a_reminder_arrives_when_it_is_due_and_not_after_a_cancellation(users: Users) -> None:
    nina = await users("nina@nordlicht.example")
    start = datetime.now(UTC) + timedelta(minutes=1, seconds=5)
    lead = {"email": [], "in_app": [1], "sms": [], "push": []}
    kept = await nina.book(start, minutes=1, reminder_settings=lead)
    gone = await nina.book(start + timedelta(minutes=1), minutes=1, reminder_settings=lead)
    await nina.notified(gone, _both("created"))
    await nina.http.delete(f"/{gone['id']}")
    await nina.notified(kept, _both("created") | {("appointment_reminder", "in_app")}, deadline=40)
    arrived = datetime.now(UTC)
    assert arrived >= start - timedelta(minutes=1), "never early"
    await nina.notified(gone, _both("created", "cancelled"))


async def test_what_somebody_came_to_is_completed_and_followed_up_and_the_rest_is_a_no_show(
    users: Users,
) -> None:
    host, other = [await users(f"load{number:04}@nordlicht.example") for number in (401, 402)]
    start = datetime.now(UTC) + timedelta(seconds=5)
    silent: dict[str, list[int]] = {"in_app": []}
    came = await host.book(start, minutes=0.02, reminder_settings=silent)
    missed = await other.book(start, minutes=0.02, reminder_settings=silent)
    assert (await host.http.post(f"/{came['id']}/check-in")).status_code == 200

    async def closed() -> bool:
        stand = [
            (await user.http.get(f"/{one['id']}")).json() for user, one in ((host, came), (other, missed))
        ]
        assert [state["status"] for state in stand] == ["completed", "no_show"]
        assert {state["updated_by"] for state in stand} == {"service:reminders"}
        return True

    await eventually(closed, 20, interval=0.1)
    alert = {("no_show_alert", channel) for channel in ("email", "in_app")}
    await other.notified(missed, _both("created") | alert)
    await host.notified(came, _both("created", "follow_up"))


async def test_an_outage_of_the_communication_service_delays_and_loses_nothing(
    urls: dict[str, str], jonas: User, mira: User
) -> None:
    faults = f"{urls['COMMUNICATION_URL']}/sandbox/faults"
    async with httpx.AsyncClient() as client:
        await client.put(faults, json={"status": 503, "rate": 1.0})
        appointments = [await jonas.book(free_day(), mira) for _ in range(8)]
        await client.put(faults, json={"status": None, "drop_after_accept": True, "rate": 0.5})
        for appointment in appointments[:2]:
            await mira.notified(appointment, _both("invitation"), deadline=60)
        await client.delete(faults)
    for appointment in appointments:
        await mira.notified(appointment, _both("invitation"), deadline=60)
        await jonas.notified(appointment, _both("created"), deadline=60)


async def test_what_became_of_messages_is_known_to_whom_it_concerns(
    urls: dict[str, str], users: Users
) -> None:
    erin, finn = await users("load0470@nordlicht.example"), await users("load0471@nordlicht.example")
    greta = await users("greta@nordlicht.example")
    bounces = f"{urls['COMMUNICATION_URL']}/sandbox/bounces"
    states: list[str] = []
    following = asyncio.create_task(_follow_states(erin, states))
    async with httpx.AsyncClient() as client:
        await client.put(bounces, json={"recipients": [finn.id], "channels": ["email"]})
        appointment = await erin.book(free_day(), finn)
        path = f"/{appointment['id']}/notifications"
        await eventually(lambda: "bounced" in states, 20)
        following.cancel()

        async def ended(reader: User) -> dict[tuple[str, str], dict[str, Any]]:
            items = (await reader.http.get(path)).json()["items"]
            assert items
            assert {item["state"] for item in items} <= {"delivered", "bounced"}, items
            return {(item["recipient_id"], item["channel"]): item for item in items}

        seen = await eventually(lambda: ended(erin), 20, 0.2)
        assert {who: item["state"] for who, item in seen.items()} == {
            (erin.id, "email"): "delivered",
            (erin.id, "in_app"): "delivered",
            (finn.id, "email"): "bounced",
            (finn.id, "in_app"): "delivered",
        }
        assert {who for who, _ in await ended(finn)} == {finn.id}
        assert await _email_is(finn, False, "suspended")
        assert (await finn.http.put("/preferences", json={"channels": {"email": True}})).status_code == 200
        await eventually(lambda: _email_is(finn, True, "person"), 10, 0.1)

        # What its server had taken came back to the sender: told by webhook.
        email = seen[erin.id, "email"]
        data = {
            "entity_type": "appointment",
            "entity_id": appointment["id"],
            "channel": "email",
            "recipient": erin.id,
            "timestamp": email["delivered_at"],
            "idempotency_key": email["id"],
        }
        body = json.dumps({"type": "notification.bounced", "data": data}).encode()
        now = int(time.time())
        secret = urls["COMMUNICATION_WEBHOOK_SECRET"].encode()
        signature = hmac.new(secret, f"{now}.".encode() + body, "sha256").hexdigest()
        address = f"{urls['INGRESS_URL']}/api/appointments/webhooks/communication"
        forged = await client.post(address, content=body, headers={"X-Signature": f"t={now},v1={'0' * 64}"})
        assert forged.status_code == 401
        taken = await client.post(address, content=body, headers={"X-Signature": f"t={now},v1={signature}"})
        assert taken.status_code == 202, taken.text
        await eventually(lambda: _email_is(erin, False, "suspended"), 10, 0.1)
        await client.delete(bounces)
    items = (await greta.http.get("/analytics/notifications")).json()["items"]
    [mail] = [
        item
        for item in items
        if (item["type"], item["channel"]) == ("appointment_invitation", "email")
        and item["date"] == email["planned_at"][:10]
    ]
    assert mail["bounced"] >= 1
    assert mail["planned"] >= mail["sent"] >= mail["delivered"] + mail["bounced"]
    assert (await erin.http.get("/analytics/notifications")).status_code == 403


async def _follow_states(user: User, states: list[str]) -> None:
    async with user.http.stream("GET", "/stream", timeout=None) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data:") and "notifications" in line:
                notifications = json.loads(line.removeprefix("data:"))["notifications"]
                states.extend(one["state"] for one in notifications)


async def _email_is(user: User, on: bool, level: str) -> bool:
    answer = await user.http.get("/preferences/explain", params={"type": "appointment_invitation"})
    [email] = [one for one in answer.json()["channels"] if one["channel"] == "email"]
    assert (email["on"], email["level"]) == (on, level), email
    return True


async def test_operators_find_understand_and_redrive_what_was_refused(
    stack: Cli, urls: dict[str, str], jonas: User, mira: User
) -> None:
    faults = f"{urls['COMMUNICATION_URL']}/sandbox/faults"
    async with httpx.AsyncClient() as client:
        await client.put(faults, json={"status": 422, "rate": 1.0})
        appointment = await jonas.book(free_day(), mira)

        async def refused() -> list[dict[str, Any]]:
            listed = (await stack("dlq", "ls", "--error", "HTTP 422", "--json")).stdout
            letters = [json.loads(line) for line in listed.splitlines()]
            return letters if len(letters) == 4 else []

        letters = await eventually(refused, 30)
        await client.delete(faults)
    [cause] = (await stack("dlq", "ls", "--grouped", "--error", "HTTP 422")).stdout.splitlines()
    assert (json.loads(cause)["service"], json.loads(cause)["count"]) == ("notifier", 4)
    corrected = ("--set", "template_data.appointment_title=Corrected")
    edited = await stack("dlq", "edit", letters[0]["id"][:8], "--reason", "a better title", *corrected)
    assert edited.returncode == 0, edited.stderr
    redriven = await stack("dlq", "redrive", "--error", "HTTP 422", "--rate", "50/s", "--reason", "mended")
    assert len(redriven.stdout.splitlines()) == 3, redriven.stderr
    messages = [
        *await mira.notified(appointment, _both("invitation")),
        *await jonas.notified(appointment, _both("created")),
    ]
    titles = sorted(message["template_data"]["appointment_title"] for message in messages)
    assert titles == ["Corrected", "Review", "Review", "Review"]
    assert (await stack("dlq", "ls", "--error", "HTTP 422", "--json")).stdout == ""
    shown = json.loads((await stack("dlq", "show", letters[0]["id"])).stdout)
    assert [(note["reason"], note["edited"]) for note in shown["redriven"]] == [
        ("a better title", "template_data")
    ]
    assert {"notification.dead_lettered", "notification.sent"} <= {line["type"] for line in shown["followed"]}
    story = (await stack("trace", appointment["id"], "--tree")).stdout
    assert f"{mira.name}: invitation" in story
    for words in (
        "on by default",
        "refused for good (HTTP 422",
        "redriven by",
        ": mended",
        "sent",
        "not by SMS: off by default",
    ):
        assert words in story
    assert (await stack("breaker")).returncode == 0


def _both(*kinds: str) -> set[tuple[str, str]]:
    return {(f"appointment_{kind}", channel) for kind in kinds for channel in ("email", "in_app")}


async def test_rebuilt_views_and_the_page_in_a_browser_show_the_same(
    stack: Cli, urls: dict[str, str], users: Users
) -> None:
    anjali = await users("anjali@nordlicht.example")
    day, title = free_day(), "<b>Tea</b> & biscuits"
    appointment = await anjali.book(day, title=title)
    await anjali.notified(appointment, _both("created"))
    before = (await anjali.http.get("", params=_range(day))).json()
    rebuilt = await stack("replay", "all")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    assert (await anjali.http.get("", params=_range(day))).json() == before
    errors: list[Any] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = await browser.new_page()
        page.on("pageerror", lambda error: errors.append(error))
        await page.goto(urls["COMMUNICATION_URL"])
        await expect(page.get_by_text(title).first).to_be_visible()
        await page.goto(f"{urls['INGRESS_URL']}/docs")
        await expect(page.get_by_text("Book an appointment").first).to_be_visible()
        await browser.close()
    assert errors == []
