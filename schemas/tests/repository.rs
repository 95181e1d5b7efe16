//! What the repository holds agrees with the declarations: reference pages and examples.

use std::path::{Path, PathBuf};

use schemas::{docs::pages, examples::unknown_names};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != ".terraform" {
            files(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

#[test]
fn the_reference_pages_are_up_to_date() {
    let example = |path: &str| std::fs::read_to_string(root().join("examples").join(path)).ok();
    let pages = pages(&example);
    let stale: Vec<&str> = pages
        .iter()
        .filter(|page| {
            !std::fs::read_to_string(root().join("docs").join(&page.path))
                .is_ok_and(|text| text == page.text)
        })
        .map(|page| page.path.as_str())
        .collect();
    assert!(
        stale.is_empty(),
        "{stale:?}: run cargo run -p sustainable-schemas --bin sustainable-docs"
    );

    for folder in ["resources", "data-sources", "functions"] {
        let mut found = Vec::new();
        files(&root().join("docs").join(folder), ".md", &mut found);
        let expected = pages
            .iter()
            .filter(|page| page.path.starts_with(folder))
            .count();
        assert_eq!(
            found.len(),
            expected,
            "docs/{folder} holds pages that nothing generates: {found:?}"
        );
    }
}

/// Arguments, fields of objects at any depth, and references to their end.
#[test]
fn examples_and_guides_name_only_what_exists() {
    let mut found = Vec::new();
    files(&root().join("examples"), ".tf", &mut found);
    assert!(found.len() > 10, "{found:?}");
    let mut problems = Vec::new();
    for file in found {
        let text = std::fs::read_to_string(&file).unwrap();
        problems.extend(
            unknown_names(&text)
                .into_iter()
                .map(|problem| format!("{}: {problem}", file.display())),
        );
    }
    let mut guides = vec![root().join("README.md")];
    files(&root().join("docs"), ".md", &mut guides);
    for file in guides {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        for code in text.split("```").skip(1).step_by(2).filter_map(|code| {
            code.strip_prefix("terraform\n")
                .or_else(|| code.strip_prefix("hcl\n"))
        }) {
            // What is indented is a part of a training.
            let code = if code.starts_with(' ') {
                format!("resource \"sustainable_ml_training\" \"part\" {{\n{code}}}\n")
            } else {
                code.to_owned()
            };
            problems.extend(
                unknown_names(&code)
                    .into_iter()
                    .map(|problem| format!("{}: {problem}", file.display())),
            );
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut pages = Vec::new();
    files(&root().join("docs"), ".md", &mut pages);
    let mut dead = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap_or_default();
            if file.ends_with(".md")
                && !link.contains("://")
                && !page.with_file_name("").join(file).exists()
            {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}
