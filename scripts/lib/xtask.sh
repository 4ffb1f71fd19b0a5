# What must be there before Rust is: cargo, and a linker for it. All else is `cargo xtask`.
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Under sudo the user who called it builds, with their cargo, so that no file of root's gets in their way later.
builder() {
    if [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
        home=$(getent passwd "$SUDO_USER" | cut -d: -f6)
        setpriv --reuid "$SUDO_UID" --regid "$SUDO_GID" --init-groups \
            env -u CARGO_HOME -u RUSTUP_HOME -u XDG_CACHE_HOME HOME="$home" PATH="$home/.cargo/bin:$PATH" "$@"
    else
        PATH="${HOME:-/root}/.cargo/bin:$PATH" "$@"
    fi
}

run_xtask() {
    builder sh -c 'command -v cargo' >/dev/null ||
        fail "cargo is missing. Install Rust from https://rustup.rs (1.95 or newer) as the user who runs this, then run it again."
    if ! command -v cc >/dev/null; then
        [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
            fail "a C compiler is missing, without which Rust cannot link. On Debian: sudo apt-get install build-essential"
        echo "installing build-essential: without a linker nothing in Rust can be built" >&2
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends build-essential
    fi
    builder cargo build --quiet --locked --package xtask
    exec "${CARGO_TARGET_DIR:-target}/debug/xtask" "$@"
}
