"""All messages in German."""

from notifications.templates.words import Language, Words

_SERIES = "{{#if series_occurrences}} Es geht um {{series_occurrences}} Termine der Serie.{{/if}}"

GERMAN = Language(
    code="de",
    greeting="Guten Tag{{#if recipient_name}}, {{recipient_name}}{{/if}}!",
    because="Sie erhalten diese Nachricht, weil Sie an dem Termin teilnehmen.",
    labels={
        "date": "Datum",
        "time": "Uhrzeit",
        "place": "Ort",
        "online": "Online teilnehmen",
        "organizer": "Organisation",
        "original": "War geplant für",
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
            "Bitte sagen Sie, ob Sie kommen können.",
            short="{{organizer_name}} lädt Sie ein: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
            "{{#if series_pattern}}, {{series_pattern}}{{/if}}. "
            "Antwort: {{confirmation_link}}",
            button="Zusagen oder absagen",
            because="Sie erhalten diese Nachricht, weil {{organizer_name}} Sie dabeihaben möchte.",
        ),
        "appointment_update_v1": Words(
            name="Änderung eines Termins",
            subject="Geändert: {{appointment_title}}",
            title="Termin geändert",
            opening="Es gibt Neues zu „{{appointment_title}}“ ({{appointment_date}}). {{update_summary}}."
            + _SERIES,
            short="{{appointment_title}}, {{appointment_date}}: {{update_summary}}. {{appointment_link}}",
            button="Jetzigen Stand ansehen",
        ),
        "appointment_reschedule_v1": Words(
            name="Verlegung eines Termins",
            subject="Neue Zeit: {{appointment_title}}, {{appointment_date}}",
            title="Termin verlegt",
            opening="„{{appointment_title}}“ hat eine neue Zeit: {{appointment_date}}, {{appointment_time}}."
            + _SERIES,
            short="Neue Zeit für {{appointment_title}}: {{appointment_date}}, {{appointment_time}} "
            "(bisher {{original_time}})." + _SERIES + " {{appointment_link}}",
            button="Neue Zeit ansehen",
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
            because="Sie erhalten diese Nachricht, weil Sie an dem Termin teilnehmen sollten.",
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
            button="Noch einmal ansehen",
            because="Sie erhalten diese Nachricht, weil Sie an dem Termin teilgenommen haben.",
        ),
        "no_show_alert_v1": Words(
            name="Niemand erschienen",
            subject="Niemand erschienen: {{appointment_title}}, {{appointment_date}}",
            title="Niemand erschienen",
            opening="Zu „{{appointment_title}}“ ({{appointment_date}}, {{appointment_time}}) hat niemand eingecheckt, "
            "und niemand hat den Termin abgeschlossen. Er gilt nun als nicht wahrgenommen.",
            short="Niemand erschienen: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}. "
            "{{appointment_link}}",
            button="Termin ansehen",
            because="Sie erhalten diese Nachricht, weil Sie den Termin organisiert haben.",
        ),
        "appointment_digest_v1": Words(
            name="Tagesübersicht",
            subject="Ihre Termine, {{digest_date}}: Neuigkeiten ({{digest_count}})",
            title="Ihre Neuigkeiten des Tages",
            opening="Das ist neu rund um Ihre Termine:",
            short="Neuigkeiten zu Ihren Terminen, {{digest_date}}: {{digest_count}}. Alles steht in der App.",
            because="Sie erhalten eine Nachricht am Tag statt vieler. Das können Sie in Ihren Einstellungen ändern.",
        ),
        "appointment_announcement_v1": Words(
            name="Mitteilung",
            subject="An alle: {{appointment_title}}, {{appointment_date}}",
            title="Nachricht an alle",
            opening="Es gibt eine Nachricht an alle, die an „{{appointment_title}}“ ({{appointment_date}}) teilnehmen:",
            short="An alle, die an {{appointment_title}} ({{appointment_date}}) teilnehmen: {{announcement}}",
            button="Termin ansehen",
        ),
        "appointment_seat_v1": Words(
            name="Ein Platz für Wartende",
            subject="Sie haben einen Platz: {{appointment_title}}, {{appointment_date}}",
            title="Ein Platz für Sie",
            opening="Sie haben auf einen Platz bei „{{appointment_title}}“ gewartet und haben nun einen: "
            "{{appointment_date}}, {{appointment_time}}. Wenn Sie nicht kommen können, geben Sie ihn bitte zurück.",
            short="Sie haben nun einen Platz: {{appointment_title}}, {{appointment_date}}, {{appointment_time}}"
            "{{#if location}}, {{location}}{{/if}}. {{appointment_link}}",
            button="Termin ansehen",
            because="Sie erhalten diese Nachricht, weil Sie auf einen Platz gewartet haben.",
        ),
    },
)
