"""Deployment files parse, name what exists, and carry the figures of docs/requirements.md."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.ports import SERVICES
from services.booking.settings import BookingSettings
from services.ingress.settings import IngressSettings
from services.notifier.settings import NotifierSettings
from services.projector.settings import ProjectorSettings
from services.reminders.settings import RemindersSettings

DEPLOY = Path(__file__).parents[3] / "deploy"
YAML = sorted(DEPLOY.glob("*/*.yaml"))


def documents(name: str) -> list[dict[str, Any]]:
    """The documents of a YAML file below deploy."""
    return list(yaml.safe_load_all((DEPLOY / name).read_text()))


@pytest.mark.parametrize("path", YAML, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_yaml_parses_into_objects(path: Path) -> None:
    assert all(isinstance(document, dict) for document in yaml.safe_load_all(path.read_text()))


def test_each_resource_of_the_kustomization_exists_and_is_of_a_kind() -> None:
    [kustomization] = documents("kubernetes/kustomization.yaml")
    files = {path.name for path in (DEPLOY / "kubernetes").glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == files
    for name in files:
        for document in documents(f"kubernetes/{name}"):
            assert {"apiVersion", "kind", "metadata"} <= document.keys()


def test_every_service_is_deployed_with_probes_and_a_disruption_budget() -> None:
    deployments = documents("kubernetes/workers.yaml") + documents("kubernetes/ingress.yaml")
    pods = {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in deployments
        if one["kind"] == "Deployment"
    }
    assert set(pods) == {f"appointments-{name}" for name in SERVICES}
    for name, pod in pods.items():
        [container] = pod["containers"]
        assert container["args"] == [f"services.{name.removeprefix('appointments-')}"]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
    budgets = {one["metadata"]["name"] for one in documents("kubernetes/disruption.yaml")}
    assert budgets == set(pods)


def test_compose_runs_every_service_after_topics_and_schemas_are_there() -> None:
    [compose] = documents("compose/compose.yaml")
    for name in SERVICES:
        service = compose["services"][name]
        assert service["command"] == [f"services.{name}"]
        assert service["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}


def test_every_variable_that_is_set_is_a_setting() -> None:
    kinds = (BookingSettings, RemindersSettings, NotifierSettings, ProjectorSettings, IngressSettings)
    settings = {name.upper() for kind in kinds for name in kind.model_fields}
    settings |= {f"{name.upper()}_DATABASE_URL" for name in SERVICES}
    [compose] = documents("compose/compose.yaml")
    in_compose = {name for service in SERVICES for name in compose["services"][service]["environment"]}
    [configuration] = documents("kubernetes/configuration.yaml")
    assert (in_compose | configuration["data"].keys()) - settings == set()


def test_each_pod_sees_its_own_logins_only_and_the_owners_are_with_the_job_that_migrates() -> None:
    pods = documents("kubernetes/workers.yaml") + documents("kubernetes/ingress.yaml")
    logins = {f"appointments-{name}" for name in (*SERVICES, "owner", "prepare")}
    for one in [*documents("kubernetes/prepare.yaml"), *pods]:
        if one["kind"] not in ("Deployment", "Job"):
            continue
        [container] = one["spec"]["template"]["spec"]["containers"]
        secrets = {source["secretRef"]["name"] for source in container["envFrom"] if "secretRef" in source}
        own = logins if one["kind"] == "Job" else {one["metadata"]["name"]}
        assert secrets & logins == own
        assert "trust" in {mount["name"] for mount in container["volumeMounts"]}


def test_a_token_for_the_communication_service_reaches_whoever_calls_it() -> None:
    [compose] = documents("compose/compose.yaml")
    callers = {name for name in SERVICES if name in ("reminders", "notifier")}
    assert all("COMMUNICATION_TOKEN" in compose["services"][name]["environment"] for name in callers)
    pods = {
        one["metadata"]["name"].removeprefix("appointments-"): one
        for one in documents("kubernetes/workers.yaml")
    }
    for name in callers:
        [container] = pods[name]["spec"]["template"]["spec"]["containers"]
        assert "appointments-communication" in {
            source["secretRef"]["name"] for source in container["envFrom"] if "secretRef" in source
        }


def test_a_strangers_transaction_holds_nobody_up_for_longer_than_a_minute() -> None:
    [compose] = documents("compose/compose.yaml")
    assert compose["services"]["kafka"]["environment"]["KAFKA_TRANSACTION_MAX_TIMEOUT_MS"] == "60000"


def test_kong_has_the_limits_and_claims_of_the_requirements_document() -> None:
    [kong] = documents("kong/kong.yaml")
    route = kong["services"][0]["routes"][0]
    plugins = {plugin["name"]: plugin["config"] for plugin in route["plugins"]}
    assert (route["paths"], route["strip_path"]) == (["/api/appointments"], False)
    assert (plugins["rate-limiting"]["minute"], plugins["rate-limiting"]["hour"]) == (100, 1000)
    assert plugins["jwt"]["claims_to_verify"] == ["exp", "nbf"]
    assert plugins["correlation-id"]["header_name"] == "X-Correlation-ID"
    active = kong["upstreams"][0]["healthchecks"]["active"]
    assert (active["http_path"], active["healthy"]["interval"]) == ("/health/appointments", 30)


def test_kong_lets_signed_reports_in_without_a_token() -> None:
    [kong] = documents("kong/kong.yaml")
    [route] = [route for route in kong["services"][0]["routes"] if route["name"] == "appointments-webhooks"]
    assert (route["paths"], route["methods"]) == (["/api/appointments/webhooks"], ["POST"])
    assert "jwt" not in {plugin["name"] for plugin in route["plugins"]}


def test_kong_lets_calendar_programs_read_a_feed_without_a_token() -> None:
    [kong] = documents("kong/kong.yaml")
    [route] = [
        item for item in kong["services"][0]["routes"] if item["name"] == "appointments-calendar-feeds"
    ]
    assert (route["paths"], route["methods"]) == (["/api/appointments/calendar.ics"], ["GET"])
    assert "plugins" not in route
