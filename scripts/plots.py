"""Draws the charts of the guides from the project's own data, as SVG files in assets/charts.

Needs matplotlib, which nothing else here does: python3 -m pip install matplotlib. The same data give the same bytes.
"""

import csv
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "crates/catalog/data"
IMAGES = ROOT / "assets/charts"

INK, GRID = "#24323c", "#d9e0e4"
GREEN, AMBER, RED, BLUE, GREY = "#2f8f5b", "#d99a2b", "#b8503e", "#2d6fa3", "#8a97a0"

plt.rcParams.update(
    {
        "svg.hashsalt": "sustainable",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.edgecolor": GRID,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file with a header."""
    with path.open() as file:
        return list(csv.DictReader(file))


def save(figure, name: str) -> None:
    """Without a date, so that an unchanged chart is an unchanged file."""
    figure.savefig(IMAGES / name, metadata={"Date": None}, bbox_inches="tight", facecolor="white")
    plt.close(figure)
    print(IMAGES / name)


def regions() -> None:
    """Every region's yearly figure, with the least and the greatest of three years."""
    years = ("avg_2023", "avg_2024", "avg_2025")
    found = []
    for row in rows(DATA / "electricity-maps/annual.csv"):
        known = [float(row[year]) for year in years if row[year]]
        if row["avg_2025"]:
            found.append((row["region"], float(row["avg_2025"]), min(known), max(known)))
    found.sort(key=lambda region: region[1])
    names, values, low, high = zip(*found, strict=True)
    colours = [GREEN if value < 150 else AMBER if value < 400 else RED for value in values]
    figure, axes = plt.subplots(figsize=(8, 7.5))
    axes.barh(names, values, color=colours, height=0.72)
    axes.hlines(names, low, high, color=INK, linewidth=1.2)
    axes.invert_yaxis()
    axes.set_xlabel("gCO2e/kWh, life-cycle average of 2025; the line spans 2023 to 2025")
    axes.xaxis.grid(True, color=GRID)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    save(figure, "intensity-by-region.svg")


def profiles() -> None:
    """The usual day of each grid that has one, by season."""
    by_zone = defaultdict(dict)
    for row in rows(DATA / "profiles.csv"):
        if row["part"] == "month":
            by_zone[row["zone"]][int(row["index"])] = [float(row[f"h{hour:02}"]) for hour in range(24)]
    figure, grid = plt.subplots(2, 3, figsize=(9, 5.2), sharex=True, sharey=True)
    seasons = [(1, "January", BLUE), (4, "April", GREEN), (7, "July", RED), (10, "October", AMBER)]
    for axes, (zone, months) in zip(grid.flat, sorted(by_zone.items()), strict=False):
        for month, label, colour in seasons:
            steps = [*months[month], months[month][0]]
            axes.step(range(25), steps, where="post", color=colour, label=label, linewidth=1.6)
        axes.axhline(1, color=GREY, linewidth=0.8)
        axes.set_title(zone, fontsize=10, loc="left")
        axes.yaxis.grid(True, color=GRID)
        axes.set_xticks(range(0, 25, 6))
    for axes in grid[1]:
        axes.set_xlabel("hour of the day, UTC")
    for axes in grid[:, 0]:
        axes.set_ylabel("of the year's mean")
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, ncol=4, loc="upper center", frameon=False, bbox_to_anchor=(0.5, 1.02))
    save(figure, "usual-days.svg")


METHODS = [("last day", GREY), ("usual hours", AMBER), ("issued forecast", BLUE), ("blend", GREEN)]
TABLES = ROOT / "docs/data"


def kept_share() -> None:
    """What each way of choosing a start keeps of the saving that perfect foresight would have."""
    table = [
        row
        for row in rows(TABLES / "forecast-kept-share.csv")
        if row["period"] == "2021-07..12" and row["grid"] == "7 grids with forecasts"
    ]
    figure, grid = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    slacks = [6, 24, 48, 168]
    for axes, job in zip(grid, (6, 24), strict=True):
        for method, colour in METHODS:
            kept = {
                int(row["slack_h"]): float(row["kept_percent"])
                for row in table
                if row["method"] == method and int(row["job_h"]) == job
            }
            axes.plot(range(4), [kept[slack] for slack in slacks], "o-", color=colour, label=method)
        axes.set_xticks(range(4), [f"{slack} h" for slack in slacks])
        axes.set_xlabel("slack")
        axes.set_title(f"a job of {job} h", fontsize=10, loc="left")
        axes.yaxis.grid(True, color=GRID)
        axes.axhline(0, color=GREY, linewidth=0.8)
    grid[0].set_ylabel("% of the oracle's saving kept")
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, ncol=4, loc="upper center", frameon=False, bbox_to_anchor=(0.5, 1.05))
    save(figure, "kept-share.svg")


def region_and_time() -> None:
    """Three US grids: the best of them, and the best of them in the best hour."""
    table = rows(TABLES / "forecast-region-time.csv")
    cases = sorted({(int(row["job_h"]), int(row["slack_h"])) for row in table})
    bars = [
        ("best grid alone", GREY),
        ("usual hours", AMBER),
        ("issued forecast", BLUE),
        ("blend", GREEN),
        ("oracle", INK),
    ]
    figure, axes = plt.subplots(figsize=(9, 3.4))
    for place, (method, colour) in enumerate(bars):
        values = []
        for job, slack in cases:
            of_case = [row for row in table if (int(row["job_h"]), int(row["slack_h"])) == (job, slack)]
            match method:
                case "best grid alone":
                    values.append(float(of_case[0]["best_grid_alone_percent"]))
                case "oracle":
                    values.append(float(of_case[0]["oracle_saving_percent"]))
                case _:
                    values += [float(row["saving_percent"]) for row in of_case if row["method"] == method]
        where = [case + (place - 2) * 0.16 for case in range(len(cases))]
        drawn = axes.bar(where, values, width=0.15, color=colour, label=method)
        axes.bar_label(drawn, fmt="%.0f", fontsize=8, padding=1)
    axes.set_xticks(range(len(cases)), [f"{job} h job, {slack} h slack" for job, slack in cases])
    axes.set_ylabel("% saved")
    axes.yaxis.grid(True, color=GRID)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, ncol=5, loc="upper center", bbox_to_anchor=(0.5, 1.16))
    save(figure, "region-and-time.svg")


def main() -> None:
    """Every chart."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    regions()
    profiles()
    kept_share()
    region_and_time()


if __name__ == "__main__":
    main()
