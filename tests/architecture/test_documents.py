"""The documents fit together: every guide is linked, every link leads somewhere, every object has an example."""

from __future__ import annotations

import re

import pytest
from sources import ROOT, text, tracked

GUIDES = sorted(path.name for path in (ROOT / "docs" / "guides").glob("*.md"))
# Fragments of pages are checked where they end up.
PAGES = [name for name in tracked(".md") if not name.startswith("schemas/src/docs/")]


@pytest.mark.parametrize("guide", GUIDES)
def test_guide_is_linked_and_has_the_front_matter_of_the_registry(guide: str) -> None:
    content = text(f"docs/guides/{guide}")
    front = re.match(r"---\n(.*?)\n---\n", content, re.DOTALL)
    assert front, "no front matter"
    for key in ("page_title", "subcategory", "description"):
        assert re.search(rf"^{key}:", front[1], re.MULTILINE), key
    assert len(content.encode()) < 500_000
    assert f"docs/guides/{guide}" in text("README.md")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    without_code = re.sub(r"^```.*?^```", "", text(page), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), f"{page} links to {target}"
        if anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page} links to {target}"


@pytest.mark.parametrize(
    ("kind", "example"),
    [("resources", "resource.tf"), ("data-sources", "data-source.tf"), ("functions", "function.tf")],
)
def test_every_object_has_an_example_and_every_example_an_object(kind: str, example: str) -> None:
    pages = {path.stem for path in (ROOT / "docs" / kind).glob("*.md")}
    if kind != "functions":
        pages = {f"sustainable_{page}" for page in pages}
    examples = {path.parent.name for path in (ROOT / "examples" / kind).glob(f"*/{example}")}
    assert pages == examples


def test_every_scenario_and_document_example_is_described() -> None:
    described = text("README.md") + text("docs/guides/from-the-document.md")
    for kind in ("scenarios", "document"):
        for module in (ROOT / "examples" / kind).glob("*/main.tf"):
            assert f"examples/{kind}/{module.parent.name}" in described, module.parent.name
