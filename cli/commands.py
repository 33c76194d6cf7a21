"""Every command of `appointments`, with its panel and the first line of its help; the modules are imported
when run.
"""

from cli.lazy import Entry

STACK = "Run a stack here"
TALK = "Talk to it"
LOOK = "Look into it"
MOVE = "Move in and out"
OPERATE = "Operate"
DEVELOP = "Develop"

COMMANDS = {
    "up": Entry(
        "cli.stack.up:up",
        STACK,
        "Start the whole stack and show a board; Ctrl-C stops it and keeps the data.",
    ),
    "down": Entry("cli.stack.down:down", STACK, "Stop the running stack and keep its data."),
    "status": Entry(
        "cli.stack.status:status", STACK, "Show whether every process is ready, and where the stack answers."
    ),
    "logs": Entry("cli.stack.logs:logs", STACK, "Show the newest lines of the processes' logs."),
    "restart": Entry("cli.stack.restart:restart", STACK, "Restart one process of the running stack."),
    "open": Entry("cli.stack.pages:open_page", STACK, "Open a page of the running stack in the browser."),
    "doctor": Entry(
        "cli.operate.doctor:doctor",
        STACK,
        "Check what the stack needs, and name the remedy for what is wrong.",
    ),
    "reset": Entry("cli.stack.reset:reset", STACK, "Stop the stack and delete all its data."),
    "env": Entry("cli.stack.env:env", STACK, "Print the addresses of the running stack as variables."),
    "people": Entry(
        "cli.stack.people:people", TALK, "List the sandbox's people, or those that match a name."
    ),
    "token": Entry(
        "cli.stack.token:token",
        TALK,
        "Print a token (JWT) of one of the sandbox's people, good for 24 hours.",
    ),
    "call": Entry("cli.http.call:call", TALK, "Call the HTTP API as a person, and print the answer."),
    "calendar": Entry("cli.http.calendar:calendar", TALK, "Show a person's coming days."),
    "busy-times": Entry("cli.http.busy_times:app", TALK, "List, import and remove a person's busy times."),
    "explain": Entry(
        "cli.http.explain:explain", TALK, "Show whether a person can be booked at a time, and why not."
    ),
    "revoke-feed": Entry(
        "cli.http.feed:revoke_feed", TALK, "Revoke the secret address of a person's calendar, as an admin."
    ),
    "publish": Entry("cli.publish.command:publish", TALK, "Check a command, and publish it to its topic."),
    "trace": Entry(
        "cli.trace.command:trace", LOOK, "Show the story of an appointment: commands, events, notifications."
    ),
    "tail": Entry(
        "cli.operate.tail:tail", LOOK, "Print the newest records of a topic, decoded, and follow it."
    ),
    "topics": Entry(
        "cli.operate.topics:app", LOOK, "List the topics, and where they differ from their contract."
    ),
    "dlq": Entry(
        "cli.dead_letters.commands:app", LOOK, "Find dead letters, and correct, redrive or discard them."
    ),
    "breaker": Entry("cli.operate.breaker:breaker", LOOK, "Show the circuit breaker of each notifier."),
    "progress": Entry(
        "cli.operate.progress:app", LOOK, "Show each consumer's position, and move a halted one."
    ),
    "templates": Entry(
        "cli.operate.templates:app", LOOK, "List the notification templates, and preview one."
    ),
    "import": Entry(
        "cli.transfer.import_command:moving_in",
        MOVE,
        "Book the appointments of a file (.ndjson, .ics or .csv).",
    ),
    "export": Entry(
        "cli.transfer.export_command:moving_out", MOVE, "Write all open appointments and series to a file."
    ),
    "migrate": Entry(
        "cli.stack.migrate:migrate", OPERATE, "Create databases and roles, and upgrade every schema."
    ),
    "replay": Entry(
        "cli.operate.replay:replay", OPERATE, "Rebuild views from the log, and swap them with the live ones."
    ),
    "rebuild": Entry("cli.operate.rebuild:rebuild", OPERATE, "Rebuild booking's lost database from the log."),
    "restore": Entry(
        "cli.operate.restore:restore", OPERATE, "Restore the notifier's lost preferences from the log."
    ),
    "contracts": Entry(
        "cli.operate.contracts:contracts", DEVELOP, "Generate schemas, examples, AsyncAPI and OpenAPI."
    ),
    "bench": Entry(
        "cli.operate.bench:bench", DEVELOP, "Measure the fleet, and compare with what it must reach."
    ),
}
