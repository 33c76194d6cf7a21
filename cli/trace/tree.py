"""A story on a terminal: a tree, in the viewer's zone."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.text import Text
from rich.tree import Tree

from cli import describe
from cli.console import zone_name
from cli.trace.audiences import Audience, audiences
from cli.trace.preference_history import PreferenceHistory
from cli.trace.records import Step
from cli.trace.story import WAITS, Delivery, Node, Story, channel_name

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


def tree(
    identifier: str, story: Story, preferences: PreferenceHistory, zone: ZoneInfo | None, verbose: bool
) -> Tree:
    """Return the story of the appointment; with `verbose` every person alone, with ids and positions in the log."""
    return _Drawing(story, preferences, zone, verbose).tree(identifier)


class _Drawing:
    def __init__(
        self, story: Story, preferences: PreferenceHistory, zone: ZoneInfo | None, verbose: bool
    ) -> None:
        self._story, self._preferences, self._zone, self._verbose = story, preferences, zone, verbose

    def tree(self, identifier: str) -> Tree:
        state = self._story.state
        times = describe.when(state.get("start_time"), state.get("end_time"), state.get("timezone"))
        parts = (f"“{state.get('title')}”", times, str(state.get("status"))) if state else ()
        head = Text(" · ".join(parts) or "an appointment that was never made", style="bold")
        head.append(f"\n{identifier} · times in {zone_name(self._zone)}", style="dim not bold")
        root = Tree(head, guide_style="dim")
        for node in self._story.nodes:
            self._add(root, node)
        return root

    def _add(self, parent: Tree, node: Node) -> None:
        branch = parent.add(self._command(node) if node.is_command else self._event(node))
        for audience in audiences(node, self._preferences, each=self._verbose):
            self._audience(branch, audience)
        for inner in node.nodes:
            self._add(branch, inner)

    def _command(self, node: Node) -> Text:
        """Return a command and its outcome; the details only where no event repeats them."""
        line = node.line
        text = self._at(line.record.timestamp).append(f"{line.who or 'somebody'} asks: ")
        text.append(line.type.removeprefix("appointment.").replace("_", " "), style="bold")
        if not node.nodes and line.what:
            text.append(f", {line.what}")
        return self._noted(text, node)

    def _event(self, node: Node) -> Text:
        line = node.line
        text = self._at(line.record.timestamp)
        text.append(line.type.removeprefix("appointment.").replace("_", " "), style="bold")
        who = f" by {line.who}" if line.who and not line.who.startswith("service:") else ""
        text.append(f"{who}  {line.what}" if line.what else who)
        return self._noted(text, node)

    def _noted(self, text: Text, node: Node) -> Text:
        for note in node.notes:
            bad = note.what.startswith(("refused", "set aside"))
            text.append(" → ", style="dim").append(note.what, style="red" if bad else "")
        if self._verbose:
            text.append(f"\n{node.line.id} at {node.line.record.position}", style="dim")
        return text

    def _audience(self, branch: Tree, audience: Audience) -> None:
        names = [self._story.name(person) for person in audience.people[:_NAMED]]
        more = len(audience.people) - len(names)
        who = ", ".join(names) + (f" and {more} more" if more else "")
        kind = audience.kind.removeprefix("appointment_").replace("_", " ")
        leaf = branch.add(Text(f"{who}: ").append(kind, style="bold"))
        reasons = {
            channel: _reason(channel, deliveries[0].why)
            for channel, deliveries in audience.by_channel.items()
        }
        width = max(map(len, reasons.values()), default=0)
        for channel, deliveries in audience.by_channel.items():
            leaf.add(self._delivery(channel, deliveries, reasons[channel].ljust(width)))
        if audience.not_by:
            left_out = "; ".join(f"{channel_name(name)}: {why}" for name, why in audience.not_by.items())
            leaf.add(Text(f"not by {left_out}", style="dim"))

    def _delivery(self, channel: str, deliveries: Sequence[Delivery], reason: str) -> Text:
        text = Text(f"{channel_name(channel):<7}").append(f"{reason}  ", style="dim")
        all_steps = [[step for step in one.steps if step.state != "planned"] for one in deliveries]
        if not all_steps[0]:
            text.append("waits to be sent", style="yellow")
        for number, same in enumerate(zip(*all_steps, strict=True)):
            text.append(" → " if number else "", style="dim").append(self._step(same))
        if self._verbose:
            text.append(f"  {deliveries[0].id.text}", style="dim")
        return text

    def _step(self, same: Sequence[Step]) -> Text:
        """Return the same step of several deliveries, with the times of the first and the last."""
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


def _reason(channel: str, why: str) -> str:
    """Return the reason without the channel's name, which stands before it."""
    return why.removeprefix(f"{channel_name(channel)} messages ").removeprefix("are ")
