//! The committed protobuf code is what `proto/` generates (pitfall P25: no build needs a generator).
//!
//! `UPDATE=1 cargo test -p tfplugin --test generated` writes it anew.

use std::{fs, path::Path};

#[test]
fn committed_code_is_what_the_protocol_files_generate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = tempfile::tempdir().unwrap();
    let files = protox::compile(["tfplugin6.proto", "plugin.proto"], [root.join("proto")]).unwrap();
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .btree_map(".")
        .out_dir(out.path())
        .compile_fds(files)
        .unwrap();
    for name in ["tfplugin6.rs", "plugin.rs"] {
        let committed = root.join("src/pb").join(name);
        let generated = fs::read_to_string(out.path().join(name)).unwrap();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&committed, &generated).unwrap();
        }
        let found = fs::read_to_string(&committed).unwrap_or_default();
        assert!(
            found == generated,
            "{} is out of date: run UPDATE=1 cargo test -p tfplugin --test generated",
            committed.display()
        );
    }
}
