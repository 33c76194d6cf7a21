"""Alert rules and dashboard ask for metrics that exist, lead to the runbook, and are held by tests that can fail."""

import importlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.local.ports import SERVICES

ROOT = Path(__file__).parents[3]
GRAFANA = ROOT / "deploy" / "grafana"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((GRAFANA / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
TESTS = yaml.safe_load((GRAFANA / "alerts.test.yaml").read_text())["tests"]
PANELS = json.loads((GRAFANA / "appointments.json").read_text())["panels"]
QUERIES = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in PANELS for target in panel["targets"]
]

PROMQL = {
    *(
        "sum",
        "max",
        "min",
        "avg",
        "count",
        "group",
        "absent",
        "rate",
        "increase",
        "resets",
        "histogram_quantile",
    ),
    *("min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time"),
    *("and", "or", "unless", "on", "by", "without", "offset", "bool"),
}
PROMETHEUS_OWN_METRICS = {"up"}
PROMETHEUS_OWN_LABELS = {"job", "instance", "le"}
FIRING = 'group by (alertname) (ALERTS{alertstate="firing"})'  # all that fire: none is overlooked
NEVER = "vector(1) == 0"
ALWAYS = "vector(1) == 1"

promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing; CI installs it")


def metrics() -> dict[str, set[str]]:
    """The series of every process of the fleet, with their labels."""
    for service in SERVICES:
        importlib.import_module(f"services.{service}.metrics")
    importlib.import_module("chassis.telemetry")
    found: dict[str, set[str]] = {}
    for collector in set(REGISTRY._collector_to_names):
        labels = set(getattr(collector, "_labelnames", ()))
        for name in REGISTRY._collector_to_names[collector]:
            found[name] = labels
    return found


def asked(query: str) -> set[str]:
    """The metrics of a query: its words, without labels, times, numbers and PromQL's own."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(by|on|without) *\([^)]*\)|\boffset \w+', " ", query)
    return set(re.findall(r"\b[a-zA-Z_]\w*", bare)) - PROMQL


@pytest.mark.parametrize("query", QUERIES)
def test_every_metric_of_a_query_is_ours_or_prometheus_own(query: str) -> None:
    assert asked(query) - metrics().keys() - PROMETHEUS_OWN_METRICS == set()


@pytest.mark.parametrize("query", QUERIES)
def test_every_label_of_a_query_is_one_of_its_metrics(query: str) -> None:
    grouped = re.findall(r"\b(?:by|on) *\(([^)]*)\)", query)
    matched = re.findall(r"[{,] *(\w+) *[=!]", query)
    labels = {label.strip() for group in grouped for label in group.split(",") if label.strip()} | set(
        matched
    )
    known = set().union(*(metrics().get(name, set()) for name in asked(query)))
    assert labels - known - PROMETHEUS_OWN_LABELS == set()


def test_no_metric_of_ours_has_a_label_that_prometheus_would_rename() -> None:
    assert {name for name, labels in metrics().items() if labels & {"job", "instance"}} == set()


def test_the_words_of_a_query_are_found() -> None:
    query = 'sum by (a) (rate(x_total{b=~"y_total"}[5m] offset 1d)) / z > 0'
    assert asked(query) == {"x_total", "z"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_leads_to_a_section_of_the_runbook(rule: dict[str, Any]) -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    sections = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).strip().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)
    }
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert (file, anchor in sections) == ("docs/runbook.md", True)
    assert rule["labels"]["severity"] in ("page", "ticket")


def test_series_of_the_tests_are_series_that_we_have() -> None:
    names = {series["series"].partition("{")[0] for test in TESTS for series in test["input_series"]}
    assert names - metrics().keys() - PROMETHEUS_OWN_METRICS == set()


@promtool
@pytest.mark.thorough
def test_the_rules_pass_their_tests(tmp_path: Path) -> None:
    assert promtool_says(tmp_path, {}) == 0


@promtool
@pytest.mark.thorough
@pytest.mark.parametrize("broken", [NEVER, ALWAYS], ids=["never fires", "always fires"])
def test_a_rule_that_is_broken_makes_its_tests_red(tmp_path: Path, broken: str) -> None:
    assert promtool_says(tmp_path, {"AppointmentsGaps": broken}) == 1


@pytest.mark.parametrize("name", [rule["alert"] for rule in RULES])
def test_every_alert_is_expected_at_one_moment_and_not_at_another(name: str) -> None:
    moments = [check["exp_samples"] for test in TESTS for check in test["promql_expr_test"]]
    expected = [any(f'"{name}"' in sample["labels"] for sample in samples) for samples in moments]
    assert set(expected) == {True, False}
    assert {check["expr"] for test in TESTS for check in test["promql_expr_test"]} == {FIRING}


def promtool_says(folder: Path, broken: dict[str, str]) -> int:
    """The exit code of the rules' tests, with other expressions for the alerts that are named."""
    rules = [rule | {"expr": broken.get(rule["alert"], rule["expr"])} for rule in RULES]
    (folder / "alerts.yaml").write_text(yaml.safe_dump({"groups": [{"name": "x", "rules": rules}]}))
    shutil.copy(GRAFANA / "alerts.test.yaml", folder)
    run = ["promtool", "test", "rules", str(folder / "alerts.test.yaml")]
    return subprocess.run(run, capture_output=True, check=False).returncode
