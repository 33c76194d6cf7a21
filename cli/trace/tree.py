"""A tale on a terminal: a tree, in the viewer's zone, as short as it can be said."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.text import Text
from rich.tree import Tree

from cli import describe
from cli.trace.audiences import Audience, audiences
from cli.trace.preference_history import Wishes
from cli.trace.story import WAITS, Chapter, Step, Tale, Told, channel_name

_NAMED = 3  # people of an audience who are named before the rest is counted
_COLOURS = {
    "sent": "green",
    "delivered": "green",
    "failed": "red",
    "bounced": "red",
    "dead_lettered": "red",
    "expired": "yellow",
    "held": "yellow",
    WAITS: "yellow",
}


def tree(identifier: str, tale: Tale, wishes: Wishes, zone: ZoneInfo | None, verbose: bool) -> Tree:
    """The tale of the appointment; `verbose`: every person alone, with ids and positions in the log."""
    return _Drawing(tale, wishes, zone, verbose).tree(identifier)


class _Drawing:
    def __init__(self, tale: Tale, wishes: Wishes, zone: ZoneInfo | None, verbose: bool) -> None:
        self._tale, self._wishes, self._zone, self._verbose = tale, wishes, zone, verbose

    def tree(self, identifier: str) -> Tree:
        state = self._tale.state
        times = describe.when(state.get("start_time"), state.get("end_time"), state.get("timezone"))
        parts = (f"“{state.get('title')}”", times, str(state.get("status"))) if state else ()
        head = Text(" · ".join(parts) or "an appointment that was never made", style="bold")
        name = (
            self._zone.key if self._zone else f"{datetime.now().astimezone().tzname()} (this machine's zone)"
        )
        head.append(f"\n{identifier} · times in {name}", style="dim not bold")
        root = Tree(head, guide_style="dim")
        for chapter in self._tale.chapters:
            self._add(root, chapter)
        return root

    def _add(self, parent: Tree, chapter: Chapter) -> None:
        branch = parent.add(self._command(chapter) if chapter.is_command else self._event(chapter))
        for audience in audiences(chapter, self._wishes, each=self._verbose):
            self._audience(branch, audience)
        for inner in chapter.chapters:
            self._add(branch, inner)

    def _command(self, chapter: Chapter) -> Text:
        """Who asked what, and the answer; the details only where no event repeats them."""
        said = chapter.line
        text = self._at(said.record.timestamp).append(f"{said.who or 'somebody'} asks: ")
        text.append(said.type.removeprefix("appointment.").replace("_", " "), style="bold")
        if not chapter.chapters and said.what:
            text.append(f", {said.what}")
        return self._noted(text, chapter)

    def _event(self, chapter: Chapter) -> Text:
        said = chapter.line
        text = self._at(said.record.timestamp)
        text.append(said.type.removeprefix("appointment.").replace("_", " "), style="bold")
        who = f" by {said.who}" if said.who and not said.who.startswith("service:") else ""
        text.append(f"{who}  {said.what}" if said.what else who)
        return self._noted(text, chapter)

    def _noted(self, text: Text, chapter: Chapter) -> Text:
        for note in chapter.notes:
            bad = note.what.startswith(("refused", "set aside"))
            text.append(" → ", style="dim").append(note.what, style="red" if bad else "")
        if self._verbose:
            text.append(f"\n{chapter.line.id} at {chapter.line.record.position}", style="dim")
        return text

    def _audience(self, branch: Tree, audience: Audience) -> None:
        names = [self._tale.name(person) for person in audience.people[:_NAMED]]
        more = len(audience.people) - len(names)
        who = ", ".join(names) + (f" and {more} more" if more else "")
        kind = audience.kind.removeprefix("appointment_").replace("_", " ")
        leaf = branch.add(Text(f"{who}: ").append(kind, style="bold"))
        reasons = [told[0].why for told in audience.by_channel.values()]
        width = max(map(len, reasons), default=0)
        for channel, told in audience.by_channel.items():
            leaf.add(self._delivery(channel, told, width))
        if audience.not_by:
            left_out = "; ".join(f"{channel_name(name)}: {why}" for name, why in audience.not_by.items())
            leaf.add(Text(f"not by {left_out}", style="dim"))

    def _delivery(self, channel: str, told: Sequence[Told], width: int) -> Text:
        text = Text(f"{channel_name(channel):<7}").append(f"{told[0].why:<{width}}  ", style="dim")
        everyones = [[step for step in one.steps if step.state != "planned"] for one in told]
        if not everyones[0]:
            text.append("waits to be sent", style="yellow")
        for number, same in enumerate(zip(*everyones, strict=True)):
            text.append(" → " if number else "", style="dim").append(self._step(same))
        if self._verbose:
            text.append(f"  {told[0].id}", style="dim")
        return text

    def _step(self, same: Sequence[Step]) -> Text:
        """The same step of everybody, with the times of the first and the last."""
        step, times = same[0], [one.at for one in same]
        text = Text(step.words, style=_COLOURS.get(step.state, ""))
        if step.until:
            text.append(f" until {step.until.astimezone(self._zone):%a %H:%M}")
        if step.state == WAITS:
            return text
        first, last = (f"{at.astimezone(self._zone):%H:%M:%S}" for at in (min(times), max(times)))
        return text.append(f" {first}" if first == last else f" {first}–{last}", style="dim")

    def _at(self, instant: datetime) -> Text:
        return Text(f"{instant.astimezone(self._zone):%a %d %b %H:%M:%S}  ", style="dim")
