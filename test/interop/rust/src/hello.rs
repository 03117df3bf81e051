use serde::Serialize;

/// The crates whose code the tests are about.
const TOLD: [&str; 3] = ["libp2p", "libp2p-kad", "libp2p-swarm"];

#[derive(Serialize)]
pub struct Hello {
    /// Versions of all that matters, as `name version`.
    versions: Vec<String>,
}

/// A program does not know the versions of its crates, but the lock file that it is built by does.
pub fn hello() -> Hello {
    let packages = include_str!("../Cargo.lock").split("[[package]]").skip(1);
    let versions = packages
        .filter_map(|package| Some((field(package, "name")?, field(package, "version")?)))
        .filter(|(name, _)| TOLD.contains(name))
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    Hello { versions }
}

fn field<'a>(package: &'a str, name: &str) -> Option<&'a str> {
    let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))?;
    Some(line.trim_matches('"'))
}
