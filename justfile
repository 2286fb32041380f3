# Everyday commands. `just` lists them; each is one line, so that it can be run without just as well.

_default:
    @just --list --unsorted

# Does it compile, with every test and bench? Seconds, when warm.
check:
    cargo check --tests --benches

# The unit tests of one room or one name: just quick evaluate::
quick what:
    cargo test --lib -- {{what}}

# All tests.
test:
    cargo test

# One demo in the explorer: just story cross-project
story name:
    cargo run --release -- --demo={{name}}

# Accept the screens and answers that changed, after looking at what changed.
screens:
    INSTA_UPDATE=always cargo test --lib --test cli --test explorer
    git diff --stat -- '*.snap'

# The tables in the documentation that are made from the program.
tables:
    UPDATE_DOCS=1 cargo test --test docs
    UPDATE_DOCS=1 cargo test --test explorer taken

# The recording that the README names, played anew.
record:
    cargo build --release
    docs/record.py target/release/bindscope docs/demo.cast

# The program's own documentation, with every warning an error.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# Formatting and lints, as CI wants them.
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# Speed, as ratios against the peers named in benches/.
bench:
    cargo bench

# gcloud and Google's own libraries against the release binary.
interop:
    cargo build --release
    tests/interop/install.sh target/interop > target/interop.env
    PYTHON="$(sed -n 's/^python=//p' target/interop.env)" NODE_LIBRARIES="$(sed -n 's/^node=//p' target/interop.env)" tests/interop/run.sh target/release/bindscope

# Everything that must hold before a change is merged.
ci:
    .ci/run
