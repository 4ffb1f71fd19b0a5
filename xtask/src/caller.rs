//! Who builds. `sudo scripts/up` runs us as root, but a root-owned file in `target/`, `node_modules/` or `~/.cargo`
//! would break the user's next build: whatever compiles or downloads runs as the user who called sudo, and only
//! packages, namespaces, the sensor and the control plane are root's.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use nix::unistd::{Uid, User, geteuid};

use crate::workspace;

/// Where Debian keeps nft, ip and nginx; a user's PATH lacks it.
const ADMIN_PATH: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The user whose checkout, cargo and caches are used.
pub(crate) struct Caller {
    /// `None`: simply who we are.
    behind_sudo: Option<User>,
    path: OsString,
}

impl Caller {
    pub(crate) fn find() -> anyhow::Result<Self> {
        let behind_sudo = user_behind_sudo()?;
        let mut folders = Vec::new();
        let home = behind_sudo
            .as_ref()
            .map_or_else(|| env::var_os("HOME").map(PathBuf::from), |user| Some(user.dir.clone()));
        folders.extend(home.map(|home| home.join(".cargo/bin")));
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        folders.extend(ADMIN_PATH.iter().map(PathBuf::from));
        let path = env::join_paths(folders).context("PATH holds a folder that cannot be in it")?;
        Ok(Self { behind_sudo, path })
    }

    /// The tools folder of this user.
    pub(crate) fn tools(&self) -> anyhow::Result<PathBuf> {
        match (&self.behind_sudo, env::var_os("PORTCULLIS_TOOLS").filter(|set| !set.is_empty())) {
            (Some(user), None) => Ok(user.dir.join(".cache/portcullis/tools")),
            _ => workspace::tools(),
        }
    }

    /// Puts `folder` before all others on the PATH of what is started from here on.
    pub(crate) fn prefer(&mut self, folder: &Path) -> anyhow::Result<()> {
        let folders = std::iter::once(folder.to_owned()).chain(env::split_paths(&self.path));
        self.path = env::join_paths(folders).context("a tools folder with a colon in its name")?;
        Ok(())
    }

    /// `program`, run as this user in the checkout.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.root_command(program);
        if let Some(user) = &self.behind_sudo {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
            command.env("HOME", &user.dir).env("USER", &user.name).env("LOGNAME", &user.name);
            // They point into root's home, or nowhere.
            command.env_remove("XDG_CACHE_HOME").env_remove("CARGO_HOME").env_remove("RUSTUP_HOME");
        }
        command
    }

    /// `program`, run as who we are, with the same PATH.
    pub(crate) fn root_command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(workspace::root()).env("PATH", &self.path);
        command
    }

    /// cargo, the one that runs this xtask where it is known.
    pub(crate) fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Another verb of this xtask, as this user.
    pub(crate) fn xtask(&self, verb: &str) -> anyhow::Result<Command> {
        let mut command = self.command(env::current_exe().context("where is this program?")?);
        command.arg(verb);
        Ok(command)
    }

    /// The first `program` on the PATH.
    pub(crate) fn which(&self, program: &str) -> Option<PathBuf> {
        env::split_paths(&self.path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
    }
}

pub(crate) fn is_root() -> bool {
    geteuid().is_root()
}

fn user_behind_sudo() -> anyhow::Result<Option<User>> {
    let Some(id) = env::var("SUDO_UID").ok().filter(|_| is_root()) else { return Ok(None) };
    let uid = Uid::from_raw(id.parse().with_context(|| format!("SUDO_UID is {id}, which is no user id"))?);
    if uid.is_root() {
        return Ok(None);
    }
    let user = User::from_uid(uid).with_context(|| format!("user {uid}"))?;
    Ok(Some(user.with_context(|| format!("SUDO_UID is {uid}, and there is no such user"))?))
}
