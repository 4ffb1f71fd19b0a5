use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Accounts {
    /// The accounts besides the operator's
    List,
    /// Make an account; its first key, an admin's, is printed this once
    Add {
        /// 1 to 32 lower-case letters, digits and hyphens
        id: String,
        /// Whose it is, for the list
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },
    /// Delete an account and all that it has: events, users, keys, sensors. Nothing brings it back
    #[command(alias = "rm")]
    Remove {
        id: String,
        /// That all of it is to be deleted
        #[arg(long, required = true)]
        delete_data: bool,
    },
    /// Which overlay network (VNI) belongs to which account: print it as YAML, or take another one
    Vni {
        /// A YAML file with the new mapping, `-` for standard input
        #[arg(long, value_name = "FILE")]
        set: Option<PathBuf>,
    },
}
