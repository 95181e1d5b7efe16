"""Services of carbon signals on this machine, in the shapes that the real ones answer with.

One server stands for all of them, over real sockets; `url` of a `carbon_signal` block points to it. What it answers
follows from `values`: gCO2e/kWh by zone, one per hour of the day in UTC, so that whoever reads it later in the day gets
the same day.
"""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = "em-secret-1f0c7a"
USER, PASSWORD = "watt-user", "wt-secret-9b2d41"
TOKEN = "wt-session-55aa"
GRAMS_PER_LB_PER_MWH = 0.45359237


def flat(value: float) -> list[float]:
    """The same at every hour."""
    return [value] * 24


def dip(value: float, low: float, hours_from_now: int, length: int = 3) -> list[float]:
    """A day with some cleaner hours, which begin this many full hours after the one under way."""
    now = datetime.now(UTC).hour
    day = flat(value)
    for hour in range(length):
        day[(now + hours_from_now + hour) % 24] = low
    return day


class Signals:
    """The server: what it answers, and what it was asked."""

    def __init__(self):
        self.values = {}
        self.status = 200
        self.requests = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            protocol_version = "HTTP/1.1"

            def do_GET(self):
                """Answers, or fails as the test wants."""
                parts = urlsplit(self.path)
                owner.requests.append(self.path)
                status, document = owner.answer(parts.path, parse_qs(parts.query), self.headers)
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Ends the server."""
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path: str, query: dict, headers) -> tuple[int, object]:
        """Status and document."""
        if self.status != 200:
            return self.status, {"error": "out of order"}
        one = {name: values[0] for name, values in query.items()}
        if path.startswith("/v3/carbon-intensity/"):
            if headers.get("auth-token") != KEY:
                return 401, {"status": "error", "message": "Invalid auth-token"}
            return self.electricity_maps(path.rsplit("/", 1)[1], one)
        if path == "/login":
            return 200, {"token": TOKEN}
        if path == "/v3/forecast":
            if headers.get("authorization") != f"Bearer {TOKEN}":
                return 401, {"error": "Unauthorized"}
            return self.watttime(one)
        if path.startswith("/intensity/"):
            return self.great_britain()
        if path == "/emissions/forecasts/current":
            return self.carbon_aware_sdk(one)
        return 404, {"error": "not found"}

    def hours(self, zone: str, count: int, step: timedelta = timedelta(hours=1)):
        """(time, value) from the hour under way on; nothing for a zone that is not known."""
        start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        day = self.values.get(zone)
        if day is None:
            return []
        steps = int(timedelta(hours=count) / step)
        times = [start + index * step for index in range(steps)]
        return [(time, day[time.hour]) for time in times]

    def electricity_maps(self, what: str, query: dict) -> tuple[int, object]:
        """Electricity Maps, v3."""
        zone = query.get("zone", "")
        if zone not in self.values:
            return 404, {"message": f"No data for zone {zone}"}
        now = datetime.now(UTC)
        points = [
            {"carbonIntensity": value, "datetime": time.strftime("%Y-%m-%dT%H:%M:%S.000Z")}
            for time, value in self.hours(zone, int(query.get("horizonHours", 24)))
        ]
        updated = now.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        if what == "forecast":
            return 200, {"zone": zone, "forecast": points, "updatedAt": updated}
        if what == "history":
            past = [
                {
                    "zone": zone,
                    "carbonIntensity": value,
                    "datetime": (time - timedelta(hours=24)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                    "updatedAt": updated,
                    "emissionFactorType": "lifecycle",
                    "isEstimated": False,
                    "estimationMethod": None,
                }
                for time, value in self.hours(zone, 24)
            ]
            return 200, {"zone": zone, "history": past}
        first = {**points[0], "zone": zone, "updatedAt": updated, "emissionFactorType": "lifecycle"}
        return 200, {**first, "isEstimated": True, "estimationMethod": "TIME_SLICER_AVERAGE"}

    def watttime(self, query: dict) -> tuple[int, object]:
        """WattTime, v3: pounds per MWh in steps of five minutes."""
        region = query.get("region", "")
        if self.values.get(region) is None:
            return 404, {"error": "No coverage available"}
        points = self.hours(region, int(query.get("horizon_hours", 24)) or 1, timedelta(minutes=5))
        data = [
            {"point_time": time.strftime("%Y-%m-%dT%H:%M:%S+00:00"), "value": value / GRAMS_PER_LB_PER_MWH}
            for time, value in points
        ]
        meta = {
            "data_point_period_seconds": 300,
            "region": region,
            "signal_type": query.get("signal_type", "co2_moer"),
            "units": "lbs_co2_per_mwh",
            "model": {"date": "2023-03-01"},
            "warnings": [],
            "generated_at_period_seconds": 300,
            "generated_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:00+00:00"),
        }
        return 200, {"data": data, "meta": meta}

    def great_britain(self) -> tuple[int, object]:
        """The British system operator: half hours."""
        half = timedelta(minutes=30)
        data = [
            {
                "from": time.strftime("%Y-%m-%dT%H:%MZ"),
                "to": (time + half).strftime("%Y-%m-%dT%H:%MZ"),
                "intensity": {"forecast": value, "actual": None, "index": "moderate"},
            }
            for time, value in self.hours("GB", 48, half)
        ]
        return 200, {"data": data}

    def carbon_aware_sdk(self, query: dict) -> tuple[int, object]:
        """A Carbon Aware SDK server."""
        location = query.get("location", "")
        if location not in self.values:
            return 204, None
        form = "%Y-%m-%dT%H:%M:%S+00:00"
        points = self.hours(location, 48)
        data = [
            {"location": location, "timestamp": time.strftime(form), "duration": 60, "value": value}
            for time, value in points
        ]
        issued = datetime.now(UTC).strftime(form)
        return 200, [
            {
                "requestedAt": issued,
                "generatedAt": issued,
                "location": location,
                "dataStartAt": data[0]["timestamp"],
                "dataEndAt": data[-1]["timestamp"],
                "windowSize": 60,
                "optimalDataPoints": [],
                "forecastData": data,
            }
        ]
