"""A second opinion: the same decisions from the same data files, computed another way.

Reads workloads with the planner's answers as JSON from standard input and compares: the same
choice, values within 0.1 %, ends of ranges within 0.5 %. Where the planner takes exponents of
named inputs, this moves each input to its ends and evaluates the whole model again.
"""

import csv
import json
import math
import pathlib
import sys

DATA = pathlib.Path(__file__).parents[2] / "catalog" / "data"
CLASSES = {"computer_vision": "vision", "natural_language": "nlp", "generative_ai": "llm"}
GB = 1.0737


def rows(name):
    with open(DATA / name, newline="") as handle:
        return list(csv.DictReader(handle))


REGIONS = {r["region"]: r for r in rows("regions.csv")}
GRID = {r["region"]: r for r in rows("electricity-maps/annual.csv")}
TYPES = {r["type"]: r for r in rows("instance-types.csv")}
ACCELERATORS = {r["key"]: r for r in rows("accelerators.csv")}
PRICES = {(r["type"], r["region"]): r for r in rows("prices.csv")}
BANDS = {r["band"]: float(r["percent"]) for r in rows("interruption-bands.csv")}
REFERENCES = {r["model_type"]: r["type"] for r in rows("reference-types.csv")}
OFFERS = {r["type"]: r for r in rows("offers.csv")}
SPEED = {(r["accelerator"], r["model_class"], r["precision"]): r for r in rows("throughput.csv")}
TECHNIQUES = rows("techniques.csv")
EGRESS = {(r["from"], r["to"]): float(r["usd_per_gb"]) for r in rows("transfer.csv")}
CONSTANTS = {r["name"]: r for r in rows("constants.csv")}
HALF = {r["name"]: (float(r["down"]), float(r["up"])) for r in rows("half-widths.csv")}
SPREAD = {r["zone"]: (float(r["h24"]), float(r["h96"])) for r in rows("variability.csv")}
NEURON = {r["region"] for r in rows("neuron-regions.csv")}


def num(row, column):
    return float(row[column] or 0)


def const(name):
    return float(CONSTANTS[name]["value"])


def ends(name):
    row = CONSTANTS[name]
    return float(row["value"]), float(row["low"]), float(row["high"])


def accelerated(name):
    return TYPES[name]["kind"] != "cpu"


def precision(request, name):
    off = request["enable_automatic_mixed_precision"] is False or request["compute_optimization"] == "none"
    return plain(name) if off else "amp"


def plain(name):
    key = TYPES[name]["accelerator"]
    return "fp32" if key in ("T4", "K80") or key.startswith("V100") else "tf32"


def reference(request):
    return request["reference_instance_type"] or REFERENCES.get(request["model_type"], REFERENCES["*"])


def moved(table, key, default):
    """The value of an input, moved to an end of its range when the table says so."""
    return default * math.exp(table.get(key, 0.0))


def efficiency(name, move):
    if num(TYPES[name], "accelerator_count") <= 1:
        return 1.0
    kind = "pcie" if TYPES[name]["family"].startswith("g") else "nvlink"
    return moved(move, ("efficiency", kind), const("efficiency_" + kind))


def scaling(name, instances, move):
    each = num(TYPES[name], "network_gbps") / max(1.0, num(TYPES[name], "accelerator_count"))
    fast = TYPES[name]["efa"] == "yes" and each >= const("scaling_fast_gbps")
    kind = "fast" if fast else "medium" if each >= const("scaling_medium_gbps") else "slow"
    return 1 / (1 + moved(move, ("scaling", kind), const("scaling_" + kind)) * math.log2(instances))


def speed(key, group, kind, move):
    row = SPEED.get((key, group, kind))
    return None if row is None else moved(move, ("speed", key, group, kind), num(row, "relative"))


def technique(name, group, base, move):
    for row in TECHNIQUES:
        if row["technique"] == name and row["model_class"] in ("*", group) and row["base"] in ("*", base):
            return moved(move, ("technique", name, group, base), num(row, "time_factor"))
    return 1.0


def configured_hours(request, move):
    """Hours of the reference with the run's techniques."""
    hours, name = request["estimated_training_hours"], reference(request)
    if request["estimate_for"] == "configured_run":
        return hours
    group, base, own = CLASSES.get(request["model_type"]), plain(name), precision(request, name)
    if accelerated(name) and base != own and group:
        key = TYPES[name]["accelerator"]
        before, after = speed(key, group, base, move), speed(key, group, own, move)
        hours *= before / after if before and after else technique("mixed_precision", group, base, move)
    if request["training_strategy"] == "gradient_checkpointing":
        hours *= technique("gradient_checkpointing", group, base, move)
    return hours


def training_hours(request, name, move):
    """Hours on a type, or None where nothing sound says how many."""
    ref, hours = reference(request), configured_hours(request, move)
    if name == ref:
        return hours
    if name in request["relative_throughput"]:
        hours /= request["relative_throughput"][name]
    elif not accelerated(name) and not accelerated(ref):
        digit = [next(c for c in TYPES[t]["family"] if c.isdigit()) for t in (name, ref)]
        if digit[0] != digit[1] or TYPES[name]["vcpu"] != TYPES[ref]["vcpu"]:
            return None
    elif accelerated(name) != accelerated(ref) or request["model_type"] not in CLASSES:
        return None
    else:
        rate, group = {}, CLASSES[request["model_type"]]
        for t in (name, ref):
            key, kind = TYPES[t]["accelerator"], precision(request, t)
            row = SPEED.get((key, group, kind))
            if row is None or row["basis"] in ("guess", "weak"):
                return None
            rate[t] = speed(key, group, kind, move) * num(TYPES[t], "accelerator_count") * efficiency(t, move)
        hours *= rate[ref] / rate[name]
    n = request["instance_count"]
    return hours * scaling(ref, n, move) / scaling(name, n, move)


def remote(request, region):
    replica = request["regional"].get(region, {}).get("dataset_s3_uri", False)
    return region != request["dataset_region"] and not replica


def market(request, name, region):
    """Saving and interruption share of a spot market that the request takes, or None."""
    wanted = request["use_spot_instances"]
    row = PRICES.get((name, region))
    if not (request["supports_checkpointing"] if wanted is None else wanted):
        return None
    if row is None or not row["interruption_band"] or not row["usd_per_hour"]:
        return None
    saving = num(row, "spot_saving_percent")
    if saving < const("spot_least_saving_percent"):
        return None
    saving = min(saving, const("spot_most_saving_percent"))
    if 100 - saving > request["max_spot_price_percentage"]:
        return None
    return saving / 100, BANDS[row["interruption_band"]] / 100


def standing(request, name, region, spot):
    """Hours from the making of the file system to its planned deletion: a limit, which no input moves."""
    bare = request | {"file_system": False}
    longest = request["max_runtime_hours"]
    if longest is None:
        high = band(bare, name, region, spot, "hours")[1]
        longest = min(const("max_training_hours"), max(1, math.ceil(const("runtime_limit_multiple") * high)))
    if spot:
        given = request.get("max_wait_hours")
        over = max(
            longest, min(const("longest_wait_hours"), longest + const("spot_wait_hours")) if given is None else given
        )
    else:
        given = request.get("max_pending_hours")
        over = longest + (const("least_pending_hours") if given is None else given)
    return const("fsx_making_hours") + over + const("fsx_ending_hours")


def evaluate(request, name, region, hours, spot, move, there=None):
    """Every figure of a candidate; `there`: the hours of its file system."""
    t, r, n = TYPES[name], REGIONS[region], request["instance_count"]
    start = math.exp(move.get("startup", 0.0))
    file = request["input_mode"] == "File"
    rate = const("nvme_gb_per_s" if num(t, "nvme_gb") else "ebs_gb_per_s")
    download = request["dataset_size_gb"] / (3600 * rate) * start if file else 0.0
    overhead = (const("startup_hours") + const("upload_hours")) * start + download
    repeated = 0.0
    if spot:
        hazard = -math.log(1 - spot[1]) / const("spot_exposure_hours") * n * math.exp(move.get("hazard", 0.0))
        if request["supports_checkpointing"]:
            lost = request["checkpoint_frequency_minutes"] / 120
            repeated = hazard * (lost + const("restart_hours") * start + download)
        elif hazard * hours > 1e-9:
            repeated = (math.exp(hazard * hours) - 1) / (hazard * hours) - 1
    compute = hours * (1 + repeated)
    billed = compute + overhead

    power = math.exp(move.get(("power", t["family"]), 0.0))
    own = num(ACCELERATORS[t["accelerator"]], "tdp_w") * num(t, "accelerator_count") if accelerated(name) else 0.0
    share = num(t, "accelerator_power_fraction") * own / num(t, "training_w")
    load = share * math.exp(move.get("load", 0.0)) + (1 - share) * math.exp(move.get("host", 0.0))
    train = n * num(t, "training_w") * power * load * compute / 1000
    pool = request.get("keep_alive", 0.0)
    idle = n * num(t, "idle_w") * power * (overhead + pool) / 1000
    pue = moved(move, ("pue", region), num(r, "pue"))

    def intensity(place):
        return moved(move, ("grid", REGIONS[place]["zone"]), num(GRID[place], "avg_2025"))

    here = intensity(region) * math.exp(move.get(("strays", r["zone"]), 0.0))
    gb = request["dataset_size_gb"] if remote(request, region) else 0.0
    network = gb * move.get("network", const("network_kwh_per_gb"))
    storage = gb / 1000 * const("storage_wh_per_tb_h") * billed / 1000
    rented = 0.0
    if request["file_system"]:
        size = request["dataset_size_gb"]
        least, step = const("fsx_least_gib"), const("fsx_step_gib")
        gib = least if size <= least else step * math.ceil(size / step)
        if there is None:
            there = standing(request, name, region, spot)
        power = move.get("fs_power", const("fsx_wh_per_tb_h"))
        storage += gib * GB / 1000 * power * there / 1000
        price = moved(move, "fs_price", const("fsx_usd_per_gb_month"))
        rented = gib * price * there / const("hours_per_month")
    embodied = moved(move, "embodied", num(t, "embodied_g_per_h")) * n * (billed + pool) / 1000
    home = request["dataset_region"]
    transfer = network * (intensity(region) + intensity(home)) / 2000
    price = PRICES.get((name, region), {}).get("usd_per_hour")
    usd = math.nan
    paid = math.nan
    if price:
        paid = float(price) * (1 - spot[0] if spot else 1) * math.exp(move.get("price", 0.0) + move.get("spot", 0.0))
        usd = (
            paid * n * (billed + pool)
            + gb * const("storage_usd_per_gb_month") * billed / const("hours_per_month")
            + rented
        )
        if gb:
            usd += gb * EGRESS.get((home, region), EGRESS.get((home, "*"), math.nan))
    run = (train + idle) * pue
    return {
        "kg": (run + storage) * here / 1000 + embodied + transfer,
        "kwh": run + network + storage,
        "usd": usd,
        "hours": billed,
        "compute": compute,
        "it": train + idle,
    }


def ln_ends(value, low, high):
    return math.log(value / low), math.log(high / value)


def share_of_host(name, column):
    t = TYPES[name]
    if not accelerated(name):
        return 1.0
    family = [x for x in TYPES.values() if x["family"] == t["family"]]
    largest = max(family, key=lambda x: (num(x, "accelerator_count"), num(x, "vcpu")))
    each = num(largest, column) / num(largest, "accelerator_count")
    return max(1.0, each * num(t, "accelerator_count") / num(t, column))


def inputs(request, name, region, hours, spot):
    """Name of every input with its half-widths in logarithms."""
    t, r, out = TYPES[name], REGIONS[region], {}
    group = CLASSES.get(request["model_type"])
    for key in {TYPES[x]["accelerator"] for x in (name, reference(request))}:
        for kind in ("amp", "tf32", "fp32"):
            row = SPEED.get((key, group, kind))
            if row:
                out["speed", key, group, kind] = ln_ends(num(row, "relative"), num(row, "low"), num(row, "high"))
    for kind in ("nvlink", "pcie"):
        out["efficiency", kind] = ln_ends(*ends("efficiency_" + kind))
    for kind in ("fast", "medium", "slow"):
        out["scaling", kind] = ln_ends(*ends("scaling_" + kind))
    for row in TECHNIQUES:
        base = plain(reference(request))
        if row["model_class"] in ("*", group) and row["base"] in ("*", base):
            key = ("technique", row["technique"], group, base)
            out[key] = ln_ends(num(row, "time_factor"), num(row, "low"), num(row, "high"))
    out["startup"] = ln_ends(*ends("startup_hours"))
    if request["file_system"]:
        out["fs_price"] = ln_ends(*ends("fsx_usd_per_gb_month"))
    if spot:
        shorter, longer = ln_ends(*ends("spot_exposure_hours"))
        out["hazard"] = (longer, shorter)
    down, up = HALF.get("power_" + t["family"], HALF["power_" + t["power_confidence"]])
    out["power", t["family"]] = (down, math.hypot(up, math.log(share_of_host(name, "training_w"))))
    out["load"], out["host"] = HALF["load_accelerator"], HALF["load_host"]
    pue = num(r, "pue")
    published = r["pue_source"] == "aws-pue-2025"
    wide = HALF["pue_unpublished"]
    out["pue", region] = (
        (math.log(pue / max(1.0, pue * math.exp(-HALF["pue_published"][0]))), HALF["pue_published"][1])
        if published
        else ln_ends(pue, min(wide[0], pue), max(wide[1], pue))
    )
    for place in (region, request["dataset_region"]):
        grid = GRID[place]
        central, least = num(grid, "avg_2025"), HALF["intensity_least"][0]
        seen = [num(grid, c) for c in ("avg_2023", "avg_2024", "avg_2025", "consumption_2023_gsf") if grid[c]]
        low, high = min(seen), max(seen)
        zone = REGIONS[place]["zone"]
        out["grid", zone] = (max(least, math.log(central / low)), max(least, math.log(high / central)))
    h24, h96 = SPREAD.get(r["zone"], SPREAD["*"])
    place = min(1.0, max(0.0, math.log(hours / 24) / math.log(4)))
    spread = const("variability_multiple") * (h24 + (h96 - h24) * place)
    out["strays", r["zone"]] = (spread, spread)
    central, least, most = num(t, "embodied_kg"), num(t, "embodied_kg_min"), num(t, "embodied_kg_max")
    host = math.log(share_of_host(name, "embodied_kg"))
    out["embodied"] = (
        math.hypot(math.log(central / least), HALF["embodied_own"][0]),
        math.hypot(math.log(most / central), HALF["embodied_lifetime"][1], host),
    )
    price = PRICES.get((name, region))
    verified = price is not None and price["uplift_verified"] == "yes"
    out["price"] = HALF["price_verified" if verified else "price_inferred"]
    if spot:
        less, more = (p / 100 for p in HALF["spot_saving_points"])
        paid = 1 - spot[0]
        out["spot"] = (math.log(paid / (paid - more)), math.log((paid + less) / paid))
    return out


def band(request, name, region, spot, figure):
    """Low and high of a figure: every input moved a little, the slope taken to its half-width."""
    hours = training_hours(request, name, {})
    there = standing(request, name, region, spot) if request["file_system"] else None
    central = evaluate(request, name, region, hours, spot, {}, there)
    below = above = 0.0
    step = 1e-5
    for key, (down, up) in inputs(request, name, region, hours, spot).items():
        shifted = {key: step}
        moved_there = evaluate(request, name, region, training_hours(request, name, shifted), spot, shifted, there)
        slope = math.log(moved_there[figure] / central[figure]) / step
        if key == "hazard" and slope > 0:
            repeated = central["compute"] / hours - 1
            whole = (
                math.log(
                    evaluate(request, name, region, hours, spot, {"hazard": step}, there)["compute"]
                    / central["compute"]
                )
                / step
            )
            down = min(down, math.log1p(repeated) / whole)
        moves = (-slope * down, slope * up)
        below += min(*moves, 0.0) ** 2
        above += max(*moves, 0.0) ** 2
    # Ranges that are too wide for a slope: each end is put in.
    wide = {"network": "network_kwh_per_gb"} if remote(request, region) else {}
    wide |= {"fs_power": "fsx_wh_per_tb_h"} if request["file_system"] else {}
    for key, constant in wide.items() if figure in ("kg", "kwh") else ():
        _, low, high = ends(constant)
        less = evaluate(request, name, region, hours, spot, {key: low}, there)[figure]
        more = evaluate(request, name, region, hours, spot, {key: high}, there)[figure]
        below += math.log(less / central[figure]) ** 2
        above += math.log(more / central[figure]) ** 2
    return central[figure] * math.exp(-math.sqrt(below)), central[figure] * math.exp(math.sqrt(above))


def allowed_regions(request):
    home = REGIONS[request["dataset_region"]]
    listed = request["preferred_training_regions"]
    residency = request["data_residency"] or ("any" if listed else "region")
    if not request["enable_cross_region_training"]:
        residency = "region"
    companion = bool(listed) if request["allow_companion_bucket"] is None else request["allow_companion_bucket"]
    for name, r in REGIONS.items():
        same = {"region": name == request["dataset_region"], "any": True}
        same["country"], same["geography"] = (r[c] == home[c] for c in ("country", "geography"))
        staged = not remote(request, name) or (companion and request["dataset_size_gb"] <= request["max_staging_gb"])
        threshold = request["carbon_intensity_threshold"]
        clean = threshold is None or num(GRID[name], "avg_2025") <= threshold
        in_list = not listed or name in listed
        own = request["region_bound"] if name == request["provider_region"] else {}
        network = own.get("vpc_config") or request["regional"].get(name, {}).get("vpc_config")
        if request["file_system"] and not network:
            continue
        if r["partition"] == home["partition"] and same[residency] and in_list and staged and clean:
            yield name


def allowed_types(request):
    ref = TYPES[reference(request)]
    listed = request["preferred_instance_types"]
    for name, t in TYPES.items():
        free = name in listed or t is ref
        if listed and name not in listed:
            continue
        count, refs = num(t, "accelerator_count"), num(ref, "accelerator_count")
        policy = request["accelerator_count_policy"]
        fits = {"same": count == refs, "up_to": count <= refs, "any": True}[policy] or not accelerated(name)
        memory, ref_memory = num(t, "accelerator_memory_gib"), num(ref, "accelerator_memory_gib")
        total = memory * count >= const("generative_memory_share") * ref_memory * refs
        if not free:
            if t["kind"] != ref["kind"] or t["kind"] == "neuron" or not fits:
                continue
            if accelerated(name) and request["model_type"] == "generative_ai" and not total:
                continue
            if num(t, "vcpu") < request["num_data_loader_workers"] * count:
                continue
            old = t["family"] in ("t3", "m4", "c4")
            cpu = not accelerated(name)
            if cpu and (t["vcpu"] != ref["vcpu"] or num(t, "ram_gib") < num(ref, "ram_gib") or old):
                continue
        least = request["min_gpu_memory_gb"]
        if least is None and not free:
            least = ref_memory * GB
        if accelerated(name) and least is not None and memory * GB < least - 1e-9:
            continue
        disk = num(t, "nvme_gb") or request["volume_size_gb"] or 16384
        size = request["dataset_size_gb"]
        if request["input_mode"] == "File" and size > disk:
            continue
        if request["cache_dataset_in_memory"] and size > num(t, "ram_gib") * GB:
            continue
        if t["retired"] == "yes" or t["training_plan_only"] == "yes":
            continue
        yield name


def decide(request):
    """The best candidate's name, capacity and hours."""
    single = len(request["preferred_training_regions"]) == 1 == len(request["preferred_instance_types"])
    found = []
    for name in allowed_types(request):
        hours = training_hours(request, name, {})
        if hours is None:
            continue
        for region in allowed_regions(request):
            letters = OFFERS[name].get(region)
            offered = single if letters is None else "M" in letters or letters == "V"
            priced = PRICES.get((name, region), {}).get("usd_per_hour") or single
            if not offered or not priced or (TYPES[name]["kind"] == "neuron" and region not in NEURON):
                continue
            spot = market(request, name, region)
            x = evaluate(request, name, region, hours, spot, {})
            slow = request["max_slowdown"]
            if slow is None and name not in request["preferred_instance_types"]:
                slow = 2.0
            longest = band(request, name, region, spot, "compute")[1]
            if longest > 672 or (slow is not None and longest > slow * request["estimated_training_hours"]):
                continue
            if not gated(request, name, region, spot, x):
                continue
            found.append((name, region, spot, x))
    premium = request["max_cost_premium_percent"]
    if premium is not None and found:
        cheapest = min(f[3]["usd"] for f in found)
        found = [f for f in found if f[3]["usd"] <= cheapest * (1 + premium / 100)]
    goals = {
        "carbon_optimized": lambda x: x["kg"],
        "cost_optimized": lambda x: x["usd"],
        "gpu_efficient": lambda x: x["it"],
        "balanced": lambda x: x["kg"] * x["usd"] * x["kwh"],
    }
    goal = goals[request["instance_priority"]]

    def order(f):
        name, region, spot, x = f
        return f"{goal(x):.8e}", f"{x['kg']:.8e}", f"{x['usd']:.8e}", region, name, bool(spot)

    return min(found, key=lambda f: [float(v) if i < 3 else v for i, v in enumerate(order(f))], default=None)


def gated(request, name, region, spot, x):
    for limit, figure in (("max_emissions_kg", "kg"), ("max_energy_kwh", "kwh"), ("max_cost_usd", "usd")):
        most = request[limit]
        high = request["gate_on"] != "value"
        if most is not None:
            own = band(request, name, region, spot, figure)[1] if high else x[figure]
            if not own <= most:
                return False
    return True


def far(own, other, tolerance):
    return abs(own - other) > tolerance * max(abs(own), abs(other), 1e-12)


def compare(case):
    request, answer = case["request"], case["answer"]
    if request["input_mode_by_size"] and request["dataset_size_gb"] > const("file_mode_gb"):
        request = request | {"input_mode": "FastFile"}
    best = decide(request)
    if best is None and request["on_infeasible"] == "run_now":
        best = decide(request | {"carbon_intensity_threshold": None})
    if "Infeasible" in answer:
        return [] if best is None else [f"infeasible against {best[:2]}"]
    decision = answer["Decided"]
    if best is None:
        return [f"{decision['summary']} against nothing"]
    name, region, spot, x = best
    chosen = (decision["selected_instance_type"], decision["selected_region"], decision["selected_capacity"])
    mine = (name, region, "spot" if spot else "on_demand")
    if chosen != mine:
        return [f"{chosen} against {mine}"]
    wrong = []
    pairs = (("emissions_kg", "kg"), ("energy_kwh", "kwh"), ("cost_usd", "usd"), ("runtime_hours", "hours"))
    for theirs, figure in pairs:
        value = decision["estimate"][theirs]
        if value is None:
            continue
        low, high = band(request, name, region, spot, figure)
        checks = ((value["value"], x[figure], 1e-3), (value["low"], low, 5e-3), (value["high"], high, 5e-3))
        wrong += [f"{theirs}: {a} against {b}" for a, b, tolerance in checks if far(a, b, tolerance)]
    ref, home = reference(request), request["dataset_region"]
    base = evaluate(request, ref, home, request["estimated_training_hours"], None, {})
    if far(decision["baseline"]["emissions_kg"], base["kg"], 1e-3):
        wrong.append(f"baseline: {decision['baseline']['emissions_kg']} against {base['kg']}")
    if far(decision["savings"]["emissions_kg"], base["kg"] - x["kg"], 2e-3):
        wrong.append(f"savings: {decision['savings']['emissions_kg']} against {base['kg'] - x['kg']}")
    return wrong


def main():
    cases = json.load(sys.stdin)
    failures = [f"{case['name']}: {line}" for case in cases for line in compare(case)]
    print("\n".join(failures) or f"{len(cases)} workloads agree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
