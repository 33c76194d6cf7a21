"""Every template in every language on every channel: no holes, nothing undeclared, and no change without a version."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.notifications import NotificationType
from deploy.local.communication.templates import Compiled
from deploy.local.communication.templates import Template as Registered
from notifications.languages import LANGUAGES, language
from notifications.preview import NoText, UnknownType, preview
from notifications.rendering import parsed, used
from notifications.templates.catalogue import TEMPLATE_OF, TEMPLATES, VARIABLES, Template, missing
from notifications.templates.digest import Entry, digest_variables, entry_of
from notifications.templates.samples import sample
from notifications.templates.versions import DIGESTS

each_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda item: item.id)
each_language = pytest.mark.parametrize("locale", LANGUAGES)
# What a person may type, or leave out; a title with braces is not a variable that was forgotten.
values = st.text(st.characters(exclude_characters="{}"), max_size=40)

# What each id was published with. A notifier that is deployed beside ours, or a delivery that waits, supplies no more.
PUBLISHED: dict[str, set[str]] = {
    "appointment_confirmation_v1": {
        "appointment_date",
        "appointment_id",
        "appointment_time",
        "appointment_title",
        "confirmation_link",
    },
    "appointment_invitation_v1": {
        "appointment_date",
        "appointment_id",
        "appointment_time",
        "appointment_title",
        "confirmation_link",
        "organizer_name",
    },
    "appointment_update_v1": {
        "appointment_date",
        "appointment_id",
        "appointment_link",
        "appointment_time",
        "appointment_title",
        "update_summary",
    },
    "appointment_reschedule_v1": {
        "appointment_date",
        "appointment_id",
        "appointment_link",
        "appointment_time",
        "appointment_title",
        "original_time",
    },
    "appointment_cancellation_v1": {
        "appointment_id",
        "appointment_link",
        "appointment_title",
        "original_time",
    },
    "appointment_reminder_v1": {
        "appointment_date",
        "appointment_id",
        "appointment_link",
        "appointment_time",
        "appointment_title",
        "time_until",
    },
    "appointment_follow_up_v1": {
        "appointment_date",
        "appointment_id",
        "appointment_link",
        "appointment_title",
    },
    "no_show_alert_v1": {
        "appointment_date",
        "appointment_id",
        "appointment_link",
        "appointment_time",
        "appointment_title",
    },
    "appointment_seat_v1": {
        "appointment_date",
        "appointment_id",
        "appointment_link",
        "appointment_time",
        "appointment_title",
    },
    "appointment_digest_v1": {"digest_count", "digest_date", "digest_html", "digest_text"},
    "appointment_announcement_v1": {
        "announcement",
        "appointment_date",
        "appointment_id",
        "appointment_link",
        "appointment_time",
        "appointment_title",
    },
}


@each_template
@each_language
def test_what_a_text_uses_is_declared_and_what_is_declared_is_used(template: Template, locale: str) -> None:
    texts = [text for channel in template.texts[locale].values() for text in channel.values()]
    assert {name for text in texts for name in used(parsed(text))} == set(VARIABLES[template.id])
    assert len(VARIABLES[template.id]) == len(set(VARIABLES[template.id]))


@each_template
@given(data=st.data())
def test_nothing_is_left_to_fill_in_whatever_people_typed(template: Template, data: st.DataObject) -> None:
    given_values = {name: data.draw(values) for name in VARIABLES[template.id]}
    locale = data.draw(st.sampled_from(("en", "de", "de_AT", "fr", "")))
    for channel in template.layout.channels:
        rendered = template.rendered(channel, locale, given_values)
        assert not any("{{" in text or "}}" in text for text in rendered.values())


@each_template
@each_language
def test_what_people_typed_is_escaped_where_the_text_is_html(template: Template, locale: str) -> None:
    typed = dict.fromkeys(VARIABLES[template.id], '<b>"Tom" & Jerry\'s</b>') | {
        "digest_html": "<i>made here</i>"
    }
    letter = template.rendered("email", locale, typed)["html_body"]
    assert '<b>"Tom' not in letter
    assert ("<i>made here</i>" in letter) == (template.id == "appointment_digest_v1")
    if "appointment_title" in typed:
        assert "&lt;b&gt;&quot;Tom&quot; &amp; Jerry&#x27;s&lt;/b&gt;" in letter


@each_template
def test_a_required_variable_without_text_is_missing_and_an_optional_one_is_not(template: Template) -> None:
    data = sample(template.id, "en")
    assert missing(template.id, data) == []
    for name in VARIABLES[template.id]:
        expected = [name] if name in template.required else []
        assert missing(template.id, {**data, name: ""}) == expected
        assert missing(template.id, {**data, name: None}) == expected
        assert missing(template.id, {key: value for key, value in data.items() if key != name}) == expected
    optional = {
        "recipient_name",
        "location",
        "meeting_url",
        "preparation_notes",
        "cancellation_reason",
        "series_pattern",
        "series_occurrences",
    }
    assert not template.required & optional
    assert set(VARIABLES[template.id]) - template.required <= optional | {"organizer_name"}


@each_template
def test_a_text_does_not_change_without_its_version(template: Template) -> None:
    assert DIGESTS[template.id][-1] == template.digest(), (
        f"{template.id} reads differently: add {template.digest()!r} to its line in notifications/templates/versions.py"
    )
    assert template.registered()["version"] == len(DIGESTS[template.id])


@each_template
def test_a_template_that_needs_more_gets_a_new_id(template: Template) -> None:
    assert template.required <= PUBLISHED[template.id]


@each_template
@each_language
def test_the_communication_service_takes_it_and_renders_the_same(template: Template, locale: str) -> None:
    compiled = Compiled(Registered.model_validate(template.registered()))
    assert {channel.value for channel in compiled.channels} == set(template.layout.channels)
    assert compiled.required == template.required
    data = sample(template.id, locale)
    for channel in compiled.channels:
        [rendered] = compiled.render([channel], data, locale).values()
        assert rendered == template.rendered(channel.value, locale, data)


def test_every_type_has_a_template_and_every_template_a_type() -> None:
    assert set(TEMPLATE_OF) == set(NotificationType)
    assert set(TEMPLATE_OF.values()) == set(TEMPLATES) == set(DIGESTS)


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE_ch", "de"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("den", "en"),
        ("", "en"),
    ],
)
def test_a_locale_gets_the_nearest_language(locale: str, expected: str) -> None:
    assert language(locale) == expected
    assert preview("appointment_reminder", "sms", locale).locale == expected


@each_template
def test_the_languages_differ(template: Template) -> None:
    assert template.texts["en"]["email"]["subject"] != template.texts["de"]["email"]["subject"]
    assert template.texts["en"]["in_app"]["title"] != template.texts["de"]["in_app"]["title"]


def test_a_preview_is_what_a_person_would_read() -> None:
    shown = preview("appointment_invitation", "push", "en")
    assert (shown.template_id, shown.locale) == ("appointment_invitation_v1", "en")
    assert shown.rendered["title"] == "You are invited"
    assert shown.rendered["body"].startswith(
        "Jonas Brandt invites you: Quarterly review, Monday, 1 March 2027"
    )
    with pytest.raises(NoText, match="not for push"):
        preview("appointment_confirmed", "push", "en")
    with pytest.raises(UnknownType):
        preview("appointment_forgotten", "email", "en")


def test_a_digest_lists_what_each_message_would_have_said() -> None:
    data = sample("appointment_update_v1", "de") | {"appointment_title": "Kaffee <b>& Kuchen"}
    entry = entry_of("appointment_update_v1", "de", data)
    listed = digest_variables("Montag", [entry, Entry("Ohne Verweis", "Zeile 1\nZeile 2")])
    assert listed["digest_count"] == "2"
    assert "• Termin geändert: „Kaffee <b>& Kuchen“ am Montag" in listed["digest_text"]
    assert "Kaffee &lt;b&gt;&amp; Kuchen" in listed["digest_html"]
    letter = TEMPLATES["appointment_digest_v1"].rendered("email", "de", listed | {"recipient_name": ""})
    assert "Kaffee &lt;b&gt;&amp; Kuchen" in letter["html_body"], "escaped once, not twice"
    assert f'<a href="{data["appointment_link"]}"' in letter["html_body"]
