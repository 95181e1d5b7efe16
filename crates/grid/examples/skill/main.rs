//! What forecasts of grid intensity are worth, measured on a folder of traces and forecasts:
//!
//! ```shell
//! cargo run --release -p sustainable-grid --example skill -- FOLDER
//! ```
//!
//! Prints errors, ranges and the share of the perfect choice's saving that each method keeps, and writes the tables to
//! `docs/data/`. Weights were fitted on 2020 and the first half of 2021 (history) and on July to September 2021
//! (blend); every table is given for July to December and, apart, for October to December, of which nothing was
//! fitted. `--fit lags`, then `--fit blend`, then `--fit ranges`, each followed by `make catalog`, fits them anew.

mod data;
mod fit;
mod score;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use data::{Data, Error};
use score::{Case, Method, errors, kept, region_and_time, share};

const JOBS: [usize; 4] = [1, 6, 24, 96];
const SLACKS: [usize; 4] = [6, 24, 48, 168];

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [folder] => tables(&Data::read(Path::new(folder))?, &root.join("docs/data")),
        [folder, "--fit", part] => {
            let rows = fit::part(&Data::read(Path::new(folder))?, part)?;
            replace(&root.join("crates/catalog/data/forecast.csv"), &rows)
        }
        _ => Err("usage: skill FOLDER [--fit lags|blend|ranges]".into()),
    }
}

/// Puts the rows of some tables in place of those that the file has.
fn replace(file: &PathBuf, rows: &str) -> Result<(), Error> {
    let table = |line: &str| line.split(',').next().unwrap_or_default().to_owned();
    let new: Vec<String> = rows.lines().map(table).collect();
    let mut lines: Vec<String> = std::fs::read_to_string(file)?
        .lines()
        .filter(|line| !new.contains(&table(line)))
        .chain(rows.lines())
        .map(str::to_owned)
        .collect();
    // By table, each in its order of leads; the header first.
    lines[1..].sort_by_key(|line| table(line));
    Ok(std::fs::write(file, lines.join("\n") + "\n")?)
}

fn tables(data: &Data, folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder)?;
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text);
    write("forecast-errors.csv", &error_table(data))?;
    write("forecast-kept-share.csv", &kept_table(data))?;
    write("forecast-region-time.csv", &region_table(data))?;
    Ok(())
}

fn error_table(data: &Data) -> String {
    let mut csv = String::from(
        "period,grid,method,error_day1_percent,error_day2_percent,error_day3_percent,error_day4_percent,\
         within_range_day1_percent,within_range_day2_percent,within_range_day3_percent,within_range_day4_percent\n",
    );
    for (late, period) in [(false, "2021-07..12"), (true, "2021-10..12")] {
        println!("\nMean error per day ahead, and hours within the range, in percent, {period}");
        for zone in data.traces.keys() {
            for method in Method::ALL {
                let without = method.needs_issued() && !data.forecasts.contains_key(zone);
                if without || matches!(method, Method::AtOnce | Method::Quiet) {
                    continue;
                }
                let (error, held) = errors(data, zone, method, late);
                print!("{zone:12} {:24}", method.name());
                let _ = write!(csv, "{period},{zone},\"{}\"", method.name());
                for value in error.iter().chain(&held) {
                    print!(" {value:5.1}");
                    let _ = write!(csv, ",{value:.1}");
                }
                println!();
                csv.push('\n');
            }
        }
    }
    csv
}

fn kept_table(data: &Data) -> String {
    let cases: Vec<Case> = SLACKS
        .iter()
        .flat_map(|slack| JOBS.iter().map(|job| (*job, *slack)))
        .collect();
    let mut csv = String::from(
        "period,grid,method,job_h,slack_h,oracle_saving_percent,saving_percent,kept_percent,beyond_forecast\n",
    );
    for (late, period) in [(false, "2021-07..12"), (true, "2021-10..12")] {
        let header: String = cases
            .iter()
            .map(|(job, slack)| format!(" {job:>3}/{slack:<3}"))
            .collect();
        println!(
            "\nKept share of the oracle's saving in percent, {period}, job h / slack h\n{:37}{header}",
            ""
        );
        println!("(what a forecast of 96 h does not reach is the usual hours or the history)");
        for (group, zones) in [
            (
                "7 grids with forecasts",
                data.forecasts.keys().collect::<Vec<_>>(),
            ),
            ("13 grids", data.traces.keys().collect()),
        ] {
            for method in Method::ALL {
                if method.needs_issued() && zones.len() > data.forecasts.len() {
                    continue;
                }
                let all: Vec<_> = zones
                    .iter()
                    .map(|zone| kept(data, zone, method, &cases, late))
                    .collect();
                print!("{group:24}{:24}", method.name());
                for (index, (job, slack)) in cases.iter().enumerate() {
                    let of_case: Vec<_> = all.iter().map(|of_zone| of_zone[index]).collect();
                    print!(" {:7.1}", share(&of_case));
                    let mean = |f: fn(score::Kept) -> f64| {
                        100.0 * of_case.iter().map(|k| f(*k)).sum::<f64>() / of_case.len() as f64
                    };
                    let mut row = |name: &str, possible: f64, saved: f64| {
                        let beyond = if job + slack > data::ISSUED {
                            "yes"
                        } else {
                            "no"
                        };
                        let kept = 100.0 * saved / possible;
                        let _ = writeln!(
                            csv,
                            "{period},{name},\"{}\",{job},{slack},{possible:.2},{saved:.2},{kept:.1},{beyond}",
                            method.name()
                        );
                    };
                    row(group, mean(score::Kept::possible), mean(score::Kept::saved));
                    // Each grid once, over the whole period.
                    for (zone, k) in zones.iter().zip(&of_case) {
                        let first = zones.len() == data.forecasts.len();
                        if !late && (first || !data.forecasts.contains_key(*zone)) {
                            row(zone, 100.0 * k.possible(), 100.0 * k.saved());
                        }
                    }
                }
                println!();
            }
        }
    }
    csv
}

fn region_table(data: &Data) -> String {
    let mut csv = String::from(
        "job_h,slack_h,method,oracle_saving_percent,saving_percent,best_grid_alone_percent\n",
    );
    println!("\nRegion and time among PJM, CISO and ERCO against PJM at once, saving in percent");
    for case in [(6, 24), (24, 24), (24, 72), (6, 72)] {
        let (job, slack) = case;
        for method in [
            Method::Usual,
            Method::History,
            Method::Issued,
            Method::Blend,
            Method::Quiet,
        ] {
            let [oracle, saved, alone] = region_and_time(data, method, case);
            println!(
                "{job:>3}/{slack:<3} {:24} oracle {oracle:5.1} saved {saved:5.1} best grid alone {alone:5.1}",
                method.name()
            );
            let _ = writeln!(
                csv,
                "{job},{slack},\"{}\",{oracle:.1},{saved:.1},{alone:.1}",
                method.name()
            );
        }
    }
    csv
}
