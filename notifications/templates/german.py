"""All messages in German."""

from notifications.templates.language import Language, Words

_SERIES = "{{#if series_occurrences}} Dies betrifft {{series_occurrences}} Termine der Serie.{{/if}}"

GERMAN = Language(
    code="de",
    greeting="Guten Tag{{#if recipient_name}}, {{recipient_name}}{{/if}}!",
    because="Sie erhalten diese Nachricht, weil Sie an dem Termin teilnehmen.",
    labels={
        "date": "Datum",
        "time": "Uhrzeit",
        "place": "Ort",
        "online": "Online teilnehmen",
        "organizer": "Veranstaltet von",
        "original": "Ursprünglicher Zeitpunkt",
        "reason": "Grund",
        "preparation": "Zur Vorbereitung",
        "repeats": "Wiederholung",
        "occurrences": "Termine",
    },
    words={
        "appointment_confirmation_v1": Words(
            name="Terminbestätigung",
            subject="Gebucht: {{appointment_title}}, {{appointment_date}}",
            title="Termin gebucht",
            opening="„{{appointment_title}}“ steht in Ihrem Kalender: {{appointment_date}}, {{appointment_time}}"
            "{{#if series_pattern}}, {{series_pattern}}{{/if}}.",
            short="Gebucht: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
            "{{#if series_pattern}}, {{series_pattern}}{{/if}}"
            "{{#if location}}, {{location}}{{/if}}. {{confirmation_link}}",
            button="Termin ansehen",
        ),
        "appointment_invitation_v1": Words(
            name="Einladung zu einem Termin",
            subject="Einladung: {{appointment_title}}, {{appointment_date}}",
            title="Sie sind eingeladen",
            opening="{{organizer_name}} lädt Sie zu „{{appointment_title}}“ ein: {{appointment_date}}, "
            "{{appointment_time}}{{#if series_pattern}}, {{series_pattern}}{{/if}}. "
            "Bitte teilen Sie mit, ob Sie teilnehmen können.",
            short="{{organizer_name}} lädt Sie ein: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
            "{{#if series_pattern}}, {{series_pattern}}{{/if}}. "
            "Antwort: {{confirmation_link}}",
            button="Zusagen oder absagen",
            because="Sie erhalten diese Nachricht, weil {{organizer_name}} Sie eingeladen hat.",
        ),
        "appointment_update_v1": Words(
            name="Änderung eines Termins",
            subject="Geändert: {{appointment_title}}",
            title="Termin geändert",
            opening="„{{appointment_title}}“ am {{appointment_date}} wurde geändert. {{update_summary}}."
            + _SERIES,
            short="{{appointment_title}}, {{appointment_date}}: {{update_summary}}. {{appointment_link}}",
            button="Termin ansehen",
        ),
        "appointment_reschedule_v1": Words(
            name="Verlegung eines Termins",
            subject="Verlegt: {{appointment_title}}, {{appointment_date}}",
            title="Termin verlegt",
            opening="„{{appointment_title}}“ wurde verlegt: {{appointment_date}}, {{appointment_time}}."
            + _SERIES,
            short="{{appointment_title}} wurde verlegt: {{appointment_date}}, {{appointment_time}} "
            "(bisher {{original_time}})." + _SERIES + " {{appointment_link}}",
            button="Termin ansehen",
        ),
        "appointment_cancellation_v1": Words(
            name="Absage eines Termins",
            subject="Abgesagt: {{appointment_title}}",
            title="Termin abgesagt",
            opening="„{{appointment_title}}“, geplant für {{original_time}}, findet für Sie nicht statt."
            + _SERIES,
            short="Abgesagt: {{appointment_title}}, {{original_time}}."
            + _SERIES
            + "{{#if cancellation_reason}} {{cancellation_reason}}{{/if}}",
            button="Termin ansehen",
            because="Sie erhalten diese Nachricht, weil Sie zu diesem Termin eingeladen waren.",
        ),
        "appointment_reminder_v1": Words(
            name="Erinnerung an einen Termin",
            subject="Erinnerung: {{appointment_title}} {{time_until}}",
            title="Erinnerung",
            opening="„{{appointment_title}}“ beginnt {{time_until}}: {{appointment_time}}.",
            short="{{appointment_title}} beginnt {{time_until}}: {{appointment_time}}"
            "{{#if location}}, {{location}}{{/if}}.",
            button="Termin ansehen",
        ),
        "appointment_follow_up_v1": Words(
            name="Nach dem Termin",
            subject="Nach dem Termin: {{appointment_title}}",
            title="Vielen Dank",
            opening="Vielen Dank, dass Sie bei „{{appointment_title}}“ dabei waren ({{appointment_date}}).",
            short="Vielen Dank, dass Sie bei {{appointment_title}} dabei waren.",
            button="Termin ansehen",
            because="Sie erhalten diese Nachricht, weil Sie an dem Termin teilgenommen haben.",
        ),
        "no_show_alert_v1": Words(
            name="Niemand erschienen",
            subject="Niemand erschienen: {{appointment_title}}, {{appointment_date}}",
            title="Niemand erschienen",
            opening="Zu „{{appointment_title}}“ ({{appointment_date}}, {{appointment_time}}) hat niemand eingecheckt, "
            "und der Termin wurde nicht abgeschlossen. Er wurde als nicht wahrgenommen vermerkt.",
            short="Niemand erschienen: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}. "
            "{{appointment_link}}",
            button="Termin ansehen",
            because="Sie erhalten diese Nachricht, weil Sie den Termin organisiert haben.",
        ),
        "appointment_digest_v1": Words(
            name="Tagesübersicht",
            subject="Ihre Tagesübersicht – {{digest_date}} ({{digest_count}})",
            title="Ihre Tagesübersicht",
            opening="Änderungen an Ihren Terminen:",
            short="Ihre Tagesübersicht, {{digest_date}}: Änderungen an Ihren Terminen ({{digest_count}}). "
            "Details finden Sie in der App.",
            because="Sie erhalten diese Übersicht anstelle einzelner Nachrichten. Das können Sie in Ihren "
            "Benachrichtigungseinstellungen ändern.",
        ),
        "appointment_announcement_v1": Words(
            name="Mitteilung",
            subject="Mitteilung: {{appointment_title}}, {{appointment_date}}",
            title="Mitteilung an alle Teilnehmenden",
            opening="Mitteilung an alle Teilnehmenden von „{{appointment_title}}“ am {{appointment_date}}:",
            short="Mitteilung an alle Teilnehmenden von {{appointment_title}}, {{appointment_date}}: {{announcement}}",
            button="Termin ansehen",
        ),
        "appointment_seat_v1": Words(
            name="Frei gewordener Platz",
            subject="Sie haben einen Platz: {{appointment_title}}, {{appointment_date}}",
            title="Sie haben einen Platz",
            opening="Bei „{{appointment_title}}“ ist ein Platz frei geworden. Er ist jetzt für Sie reserviert: "
            "{{appointment_date}}, {{appointment_time}}. Wenn Sie nicht teilnehmen können, geben Sie den Platz bitte wieder frei.",
            short="Sie haben einen Platz: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
            "{{#if location}}, {{location}}{{/if}}. {{appointment_link}}",
            button="Termin ansehen",
            because="Sie erhalten diese Nachricht, weil Sie auf der Warteliste standen.",
        ),
    },
)
