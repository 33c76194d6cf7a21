"""The versions of each template, oldest first, as digests of their content. A changed text needs a new
digest.
"""

from collections.abc import Mapping, Sequence

DIGESTS: Mapping[str, Sequence[str]] = {
    "appointment_confirmation_v1": (
        "82c1b4b66ad31d5f",
        "26f07302caca5c02",
        "05d286f748ff8ed5",
        "47b88f555e2cb038",
    ),
    "appointment_invitation_v1": (
        "38f4687057f99acd",
        "7fdbf684d8d4f804",
        "c39141f1ed612a6a",
        "021ac9bf2b7636bc",
    ),
    "appointment_update_v1": ("f63486126a868505", "348929abe3c594cd", "b458fcaa9dad56a9", "31be2f7653e5bf9e"),
    "appointment_reschedule_v1": (
        "4d9d798d053f19f7",
        "f614c4391ba1939c",
        "cd7289b6eefa3e64",
        "ecd792c55f150a85",
        "90037508dd837f0e",
    ),
    "appointment_cancellation_v1": (
        "c3618868aa57cd70",
        "ef4f123300fba777",
        "f79b2300307144ff",
        "e6fe27bb3fe8934c",
        "5346c8758d79b2db",
    ),
    "appointment_reminder_v1": ("18ba19003fc45f51", "5350f799843cde21", "6605b29c0defb7ca"),
    "appointment_follow_up_v1": ("dd04e26f60784455", "fd267cfae6725a69", "bbf4da34dc96d946"),
    "no_show_alert_v1": ("46c5bc3abbf07e11", "524c78fcd106164b"),
    "appointment_digest_v1": ("89fe4790d1d96821", "a920fd274d9c7110", "c4f6f4aac5931a5e"),
    "appointment_announcement_v1": ("dec35d7ff74b55d5", "02fe88b331082290"),
    "appointment_seat_v1": ("9b2369d231066bf8", "94071e6db74688fa", "1399d7cb1623a6e9"),
}
