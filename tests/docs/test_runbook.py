"""The files of whoever watches a node: every metric that they name exists, and every alert has its section."""

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from idbridge_gateway.clock_watch import MOVED
from idbridge_gateway.metrics.catalogue import BY_NAME, METRICS, SHED_WHY, Shape
from idbridge_gateway.metrics.exposition import exposed
from idbridge_gateway.metrics.reading import Reading
from idbridge_gateway.settings import Settings
from idbridge_gateway.standing import ENDING, FULL, LATCHED, UNRECORDED
from tests.source import ROOT

DEPLOY = ROOT / "service" / "deploy"
RUNBOOK = ROOT / "docs" / "runbook.md"
NAME = re.compile(r"\bidbridge_[a-z_]+")
SELECTOR = re.compile(r"\b(idbridge_[a-z_]+)\{([^}]*)\}")
INCREASE = re.compile(r"increase\((idbridge_[a-z_]+)(?:\{([^}]*)\})?\[")
LINK = re.compile(r"\]\(#([a-z0-9-]+)\)")
MATCHER = re.compile(r'([a-z]+)(=~|!~|!=|=)"([^"]*)"')
OF_PROMETHEUS = frozenset({"instance", "job", "le"})


def rules() -> list[dict[str, Any]]:
    document = YAML(typ="safe").load((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DEPLOY / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    return found


def expressions() -> list[str]:
    """Every expression of alerts and dashboard."""
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [*(rule["expr"] for rule in rules()), *shown]


def metric_of(name: str) -> str:
    """The metric behind a series: a histogram has several."""
    return re.sub(r"_(bucket|sum|count)$", "", name) if name not in BY_NAME else name


def anchors(page: Path) -> set[str]:
    """The anchors of the sections of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_metric_that_is_named_exists_and_every_metric_is_named() -> None:
    named = {metric_of(name) for text in expressions() for name in NAME.findall(text)}

    assert named == BY_NAME.keys()


@pytest.mark.parametrize("expression", expressions())
def test_every_label_exists_and_has_the_values_that_are_asked_for(expression: str) -> None:
    for name, inside in SELECTOR.findall(expression):
        labels = {label.name: label.values for label in BY_NAME[metric_of(name)].labels}
        for label, sign, value in MATCHER.findall(inside):
            assert label in labels.keys() | OF_PROMETHEUS, (name, label)
            values = labels.get(label)
            if values is not None and not value.startswith("$"):
                assert set(value.split("|") if sign.endswith("~") else [value]) <= values, (name, label, value)


@pytest.mark.parametrize("expression", expressions())
def test_every_grouping_is_by_a_label_of_what_is_grouped(expression: str) -> None:
    labels = {label.name for name in NAME.findall(expression) for label in BY_NAME[metric_of(name)].labels}

    for group in re.findall(r"by \(([^)]*)\)", expression):
        assert {one.strip() for one in group.split(",")} <= labels | OF_PROMETHEUS


def test_what_is_counted_is_shown_as_a_rate_or_an_increase() -> None:
    counters = {metric.name for metric in METRICS if metric.shape in (Shape.COUNT, Shape.TIMES)}

    for expression in expressions():
        for match in NAME.finditer(expression):
            if metric_of(match[0]) in counters:
                assert re.search(r"(rate|increase)\($", expression[: match.start()]), expression


def test_every_series_whose_increase_wakes_somebody_is_there_before_anything_happened() -> None:
    """Prometheus sees no increase in a series that begins: of what happens once, the first would be told to nobody."""
    routes = frozenset({"/v1/verify"})
    text = exposed(Reading, routes=routes).decode()
    families = text_string_to_metric_families(text)
    shown = {(one.name, *sorted(one.labels.items())) for family in families for one in family.samples}
    awaited = [found for rule in rules() for found in INCREASE.findall(rule["expr"])]

    assert len(awaited) > 5
    for name, inside in awaited:
        labels, matchers = BY_NAME[name].labels, MATCHER.findall(inside)
        values = [
            [(one.name, value) for value in one.values or routes if wanted(one.name, value, matchers)] for one in labels
        ]
        assert all(values)
        assert {(name, *sorted(combined)) for combined in product(*values)} <= shown, name


def wanted(label: str, value: str, matchers: list[tuple[str, str, str]]) -> bool:
    """Whether the matchers of a selector take a value of a label."""
    return all(
        (re.fullmatch(pattern, value) is not None) is not sign.startswith("!")
        for name, sign, pattern in matchers
        if name == label
    )


def test_every_alert_names_a_section_of_the_runbook_and_every_section_but_the_first_has_an_alert_or_a_link() -> None:
    sections = anchors(RUNBOOK) - {"runbook", "watch-a-node"}
    named = {rule["annotations"]["runbook"] for rule in rules()}

    assert {name.partition("#")[0] for name in named} == {"docs/runbook.md"}
    alerted, linked = {name.partition("#")[2] for name in named}, set(LINK.findall(RUNBOOK.read_text(encoding="utf-8")))
    assert alerted <= sections <= alerted | linked


def test_every_alert_says_who_is_told_and_what_happened() -> None:
    names = [rule["alert"] for rule in rules()]

    assert len(set(names)) == len(names)
    assert {rule["labels"]["severity"] for rule in rules()} == {"page", "ticket"}
    assert all(rule["annotations"]["summary"] for rule in rules())
    for rule in rules():
        told = set(re.findall(r"\$labels\.([a-z]+)", rule["annotations"]["summary"]))
        grouped = {one.strip() for group in re.findall(r"by \(([^)]*)\)", rule["expr"]) for one in group.split(",")}
        assert told <= grouped or rule["expr"].startswith("up{"), rule["alert"]


def test_links_within_the_runbook_lead_somewhere() -> None:
    assert set(LINK.findall(RUNBOOK.read_text(encoding="utf-8"))) <= anchors(RUNBOOK)


def test_the_runbook_names_settings_that_exist_and_every_reason_of_a_node_that_is_not_ready() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    settings = {f"IDBRIDGE_{name.upper()}" for name in Settings.model_fields}

    assert set(re.findall(r"\bIDBRIDGE_[A-Z_]+", text)) <= settings
    assert all(words.partition(";")[0] in text for words in (ENDING, FULL, LATCHED, UNRECORDED, MOVED))
    assert all(f"`{why}`" in text for why in SHED_WHY)


def test_the_dashboard_asks_the_source_and_nodes_that_its_reader_chooses() -> None:
    assert len({panel["id"] for panel in panels()}) == len(panels())
    assert all(panel["datasource"]["uid"] == "${source}" for panel in panels())
    assert all('instance=~"$node"' in target["expr"] for panel in panels() for target in panel["targets"])
