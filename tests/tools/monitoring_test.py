#!/usr/bin/env python3
"""docs/monitoring holds what Prometheus and Grafana can load, about metrics that exist (docs/metrics.md)."""

import json
import re
import shutil
import subprocess
import unittest
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
ALERTS = DOCS / "monitoring" / "alerts.yml"
DASHBOARD = DOCS / "monitoring" / "dashboard.json"
ROW = re.compile(r"^\| `(tutti_\w+)` \| (\w+) \| ([^|]*) \|", re.MULTILINE)
PARTS = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}


def series(page: str) -> dict[str, set[str]]:
    """What an expression may name, and by which labels."""
    known = {}
    for name, kind, labels in ROW.findall(page):
        for part in PARTS.get(kind, ("",)):
            known[name + part] = {label for label in labels.strip().split(", ") if label}
            if part == "_bucket":
                known[name + part].add("le")
    return known


def unknown(text: str, known: dict[str, set[str]]) -> list[str]:
    """The names, and the labels in their selectors, that no metric has."""
    wrong = []
    for name, selector in re.findall(r"(tutti_\w+)(?:\{([^}]*)\})?", text):
        if name not in known:
            wrong.append(name)
            continue
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector):
            if label not in known[name] | {"instance", "job"}:
                wrong.append(f"{name}{{{label}}}")
    return wrong


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.known = series((DOCS / "metrics.md").read_text())

    def test_the_page_is_read(self):
        self.assertIn("tutti_cache_hits_total", self.known)
        self.assertEqual(self.known["tutti_cache_load_seconds_bucket"], {"cache", "le"})

    def test_a_metric_or_label_that_does_not_exist_is_found(self):
        wrong = 'rate(tutti_cache_hitz_total[5m]) > tutti_cache_entries{channel="x"}'
        self.assertEqual(unknown(wrong, self.known), ["tutti_cache_hitz_total", "tutti_cache_entries{channel}"])
        self.assertEqual(unknown("tutti_cache_load_seconds", self.known), ["tutti_cache_load_seconds"])

    def test_alerts_are_about_metrics_that_exist(self):
        self.assertEqual(unknown(ALERTS.read_text(), self.known), [])

    def test_promtool_takes_the_alerts(self):
        self.assertIsNotNone(shutil.which("promtool"),
                             "promtool is missing: run tools/install test (Debian: prometheus)")
        done = subprocess.run(["promtool", "check", "rules", ALERTS], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_panels_are_about_metrics_that_exist(self):
        panels = json.loads(DASHBOARD.read_text())["panels"]
        self.assertGreater(len(panels), 10)
        for panel in panels:
            for target in panel["targets"]:
                names = re.findall(r"tutti_\w+", target["expr"])
                self.assertTrue(names, panel["title"])
                self.assertEqual(unknown(target["expr"], self.known), [], panel["title"])

    def test_promtool_takes_the_expressions_of_the_panels(self):
        panels = json.loads(DASHBOARD.read_text())["panels"]
        rules = [{"record": "panel", "expr": target["expr"]} for panel in panels for target in panel["targets"]]
        # JSON is YAML.
        file = json.dumps({"groups": [{"name": f"panel {i}", "rules": [rule]} for i, rule in enumerate(rules)]})
        done = subprocess.run(["promtool", "check", "rules", "--lint=none", "/dev/stdin"], input=file,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
