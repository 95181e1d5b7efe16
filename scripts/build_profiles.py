"""Builds crates/catalog/data/profiles.csv: the usual shape of a grid's hours around its yearly mean.

    python3 scripts/build_profiles.py FOLDER

FOLDER holds wide hourly files, gzipped or not: `cc-lifecycle_YEAR_wide.csv` and `eia-*_YEAR_wide.csv`, with the
columns `timestamp_utc` (start of the hour) and one per grid, in gCO2e/kWh. They are made from what is public:

- CarbonCast (Apache-2.0), github.com/carbonfirst/CarbonCast, `data/GRID/GRID_lifecycle_emissions.csv`, where GRID is
  PJM, CISO, DE, ES, SE or AUS_QLD: production, life-cycle factors, 2020 and 2021.
- Hourly generation of the U.S. Energy Information Administration (public domain) with intensities, as published in
  github.com/HewlettPackard/dc-rl (MIT), `data/CarbonIntensity/`: 2022.

Files of any other name are left alone, above all series of Electricity Maps, which are under the ODbL.

A profile is a product of two factors, one per month and hour, one per hour of the week (UTC, from Monday 00:00):

    factor(t) = months[month][hour] * week[weekday][hour]

Month and hour: mean of value / mean of its year, smoothed over neighbouring months by 1/4, 1/2, 1/4. Hour of the week: mean
of the logarithm of what the first factor leaves, less its own centred mean over a week (so that a windy fortnight does
not become a weekday), smoothed over 6 hours on either side. Of the forms that were tried on 13 grids (learned on 2020,
start times chosen in 2021), this one kept most of the perfect choice's saving: with 24 h of slack, 77 % for a job of 6 h and
20 % for one of 24 h; with 168 h of slack 56 and 30 %. Without the week it is 76, -1, 38 and 0 %.

The range is measured out of sample: every year is compared with the profile of the other years; `low` and `high` are the
quantiles of 5 and 95 % of value / (mean of the year * factor) at each hour of the day, so about 90 % lie between. Those of
a stand-in are wider.
"""

import csv
import datetime as dt
import gzip
import math
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "crates/catalog/data/profiles.csv"

# Grid zone in the catalogue's naming -> the series that its profile is measured on.
# Stand-ins: all of Sweden for its zone SE3, where most of its people and reactors are; Queensland for New South Wales, its
# neighbour in one market, on the same clock, with the same mix of coal and roof-top sun. No stand-in: Oregon's PACW (the hydro
# power of BPAT next door moves otherwise), Victoria (brown coal and wind), and whoever shares only a border with Germany.
ZONES = {
    "AU-NSW": "AU-QLD",
    "DE": "DE",
    "ES": "ES",
    "SE-SE3": "SE",
    "US-CAL-CISO": "US-CAL-CISO",
    "US-MIDA-PJM": "US-MIDA-PJM",
}
# Which files a profile was built from -> key in sources.csv.
SOURCES = {("cc-lifecycle",): "carboncast-2020-2021", ("cc-lifecycle", "eia"): "carboncast-eia-2020-2022"}
SMOOTH_MONTHS = 0.25
SMOOTH_HOURS = 6
RANGE = (0.05, 0.95)
# Quantiles of a stand-in are taken to this power: one zone strays further than what it is a part of. 24 h means of SE-SE3
# stray by 0.26 from their year (variability.csv), those of all Sweden by 0.07 (2020) to 0.10 (2021).
STAND_IN = 2.5
WEEK = 168

Year = tuple[dt.datetime, list[float]]


def read(folder: Path) -> tuple[dict[str, list[Year]], dict[str, set[str]]]:
    """Years of hourly values per series, and the kinds of files that each series is in."""
    years: dict[str, list[Year]] = {}
    cited: dict[str, set[str]] = {}
    for path in sorted(folder.iterdir()):
        match = re.fullmatch(r"(cc-lifecycle|eia)[^_]*_(\d{4})_wide\.csv(\.gz)?", path.name)
        if not match:
            continue
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            rows = list(csv.DictReader(file))
        start = dt.datetime.fromisoformat(rows[0]["timestamp_utc"].replace("Z", "+00:00"))
        for index, row in enumerate(rows):
            at = dt.datetime.fromisoformat(row["timestamp_utc"].replace("Z", "+00:00"))
            if at != start + dt.timedelta(hours=index):
                sys.exit(f"{path.name}: {at} where {start + dt.timedelta(hours=index)} should be")
        for series in set(rows[0]) - {"timestamp_utc"}:
            values = [float(row[series]) for row in rows]
            if min(values) <= 0:
                sys.exit(f"{path.name}: {series} has a value that is not positive")
            years.setdefault(series, []).append((start, values))
            cited.setdefault(series, set()).add(match[1])
    return years, cited


def relative(years: list[Year]) -> list[tuple[dt.datetime, float]]:
    """Every value over the mean of its year."""
    out = []
    for start, values in years:
        mean = sum(values) / len(values)
        out += [(start + dt.timedelta(hours=i), v / mean) for i, v in enumerate(values)]
    return out


def week_hour(at: dt.datetime) -> int:
    return at.weekday() * 24 + at.hour


def centred(values: list[float], width: int) -> list[float]:
    """Mean over `width` values on either side; the ends repeat."""
    ends = [values[0]] * width + values + [values[-1]] * width
    total = sum(ends[: 2 * width + 1])
    out = []
    for i in range(len(values)):
        out.append(total / (2 * width + 1))
        if i + 2 * width + 1 < len(ends):
            total += ends[i + 2 * width + 1] - ends[i]
    return out


def profile(years: list[Year]) -> tuple[list[list[float]], list[float]]:
    """Factors per month and hour, and per hour of the week."""
    points = relative(years)
    cells: list[list[list[float]]] = [[[] for _ in range(24)] for _ in range(12)]
    for at, value in points:
        cells[at.month - 1][at.hour].append(value)
    raw = [[sum(cell) / len(cell) for cell in month] for month in cells]
    side = SMOOTH_MONTHS
    months = [
        [(1 - 2 * side) * raw[m][h] + side * (raw[m - 1][h] + raw[(m + 1) % 12][h]) for h in range(24)]
        for m in range(12)
    ]
    week: list[list[float]] = [[] for _ in range(WEEK)]
    for year in years:
        own = relative([year])
        rest = [math.log(value / months[at.month - 1][at.hour]) for at, value in own]
        for (at, _), value, level in zip(own, rest, centred(rest, WEEK // 2), strict=True):
            week[week_hour(at)].append(value - level)
    means = [sum(hour) / len(hour) for hour in week]
    span = range(-SMOOTH_HOURS, SMOOTH_HOURS + 1)
    factors = [math.exp(sum(means[(h + d) % WEEK] for d in span) / len(span)) for h in range(WEEK)]
    # Both factors have the mean 1 over a year, so that the yearly mean stays what it is.
    mean = sum(factors) / WEEK
    factors = [f / mean for f in factors]
    mean = sum(months[at.month - 1][at.hour] for at, _ in points) / len(points)
    return [[f / mean for f in month] for month in months], factors


def quantile(values: list[float], q: float) -> float:
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def spread(years: list[Year]) -> list[list[float]]:
    """Least and greatest plausible value over the profile, per hour of the day, from years that it has not seen."""
    ratios: list[list[float]] = [[] for _ in range(24)]
    for out in years:
        months, week = profile([year for year in years if year is not out])
        for at, value in relative([out]):
            ratios[at.hour].append(value / (months[at.month - 1][at.hour] * week[week_hour(at)]))
    low, high = RANGE
    return [[min(quantile(r, low), 1.0) for r in ratios], [max(quantile(r, high), 1.0) for r in ratios]]


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    years, cited = read(Path(sys.argv[1]))
    with OUT.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["zone", "series", "source", "part", "index", *(f"h{h:02}" for h in range(24))])
        for zone, series in sorted(ZONES.items()):
            source = SOURCES[tuple(sorted(cited[series]))]
            months, week = profile(years[series])
            parts = [("month", i + 1, row) for i, row in enumerate(months)]
            parts += [("weekday", day + 1, week[day * 24 : day * 24 + 24]) for day in range(7)]
            low, high = spread(years[series])
            if series != zone:
                low, high = ([value**STAND_IN for value in ends] for ends in (low, high))
            parts += [("low", 0, low), ("high", 0, high)]
            for part, index, row in parts:
                out.writerow([zone, series, source, part, index, *(f"{value:.4f}" for value in row)])


if __name__ == "__main__":
    main()
