"""The files that a newcomer looks for are there and agree with each other."""

import re
import tomllib

import yaml

from tests.unit.documents.files import ROOT, text

PROJECT = tomllib.loads(text("pyproject.toml"))["project"]


def test_the_licence_is_the_whole_apache_licence_and_the_project_names_it() -> None:
    licence = text("LICENSE")
    assert "Apache License\n                           Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert len(licence.splitlines()) > 200
    assert (PROJECT["license"], PROJECT["license-files"]) == ("Apache-2.0", ["LICENSE"])


def test_the_changelog_begins_with_what_is_not_released_yet() -> None:
    headings = re.findall(r"^## \[(.+?)\]", text("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    groups = set(re.findall(r"^### (\w+)", text("CHANGELOG.md"), re.MULTILINE))
    assert groups <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_each_hook_before_a_commit_is_local_and_runs_a_tool_that_the_project_installs() -> None:
    repositories = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert {repository["repo"] for repository in repositories} == {"local"}
    tools = {"ruff", "lint-imports", "appointments", "python"}
    for hook in repositories[0]["hooks"]:
        program, *arguments = hook["entry"].split()
        assert program.removeprefix(".venv/bin/") in tools
        assert all((ROOT / word).exists() for word in arguments if word.startswith("tests/"))


def test_the_five_recipes_are_in_the_guide() -> None:
    recipes = re.findall(r"^### (\d)\. ", text("CONTRIBUTING.md"), re.MULTILINE)
    assert recipes == ["1", "2", "3", "4", "5"]
