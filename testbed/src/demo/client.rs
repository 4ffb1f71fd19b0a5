use std::{io::Write as _, time::Duration};

use fastrand::Rng;
use portcullis_stack::Interrupt;
use portcullis_testbed::traffic::{Outcome, Sender, Visit, burst, errand, every_attack};

#[derive(clap::Args)]
pub(crate) struct ClientArgs {
    /// The same number gives the same traffic
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Until the process is ended, a few requests a second, instead of everything once
    #[arg(long)]
    forever: bool,
    /// Print nothing
    #[arg(long)]
    quiet: bool,
}

const PAUSE: Duration = Duration::from_millis(400);
/// Every so many errands somebody attacks.
const ERRANDS_PER_ATTACK: usize = 12;
/// The scanner comes by once in so many attacks.
const ATTACKS_PER_BURST: usize = 20;

pub(crate) fn client(args: &ClientArgs) -> anyhow::Result<()> {
    let mut rng = Rng::with_seed(args.seed);
    let mut sender = Sender::default();
    if !args.forever {
        for visit in once(&mut rng) {
            print(&sender.send(&visit)?, args.quiet)?;
        }
        return Ok(());
    }
    let interrupt = Interrupt::listen()?;
    let attacks = every_attack();
    for round in 1_usize.. {
        for _ in 0..rng.usize(1..=2 * ERRANDS_PER_ATTACK) {
            print(&sender.send(&errand(&mut rng))?, args.quiet)?;
            if interrupt.sleep(PAUSE) {
                return Ok(());
            }
        }
        if round % ATTACKS_PER_BURST == 0 {
            for visit in burst() {
                print(&sender.send(&visit)?, args.quiet)?;
            }
        } else if let Some(visit) = rng.choice(&attacks) {
            print(&sender.send(visit)?, args.quiet)?;
        }
    }
    Ok(())
}

/// Every attack once, in between what customers do, and the scanner at the end.
pub(super) fn once(rng: &mut Rng) -> Vec<Visit> {
    let mut visits = Vec::new();
    for attack in every_attack() {
        visits.extend(std::iter::repeat_with(|| errand(rng)).take(ERRANDS_PER_ATTACK));
        visits.push(attack);
    }
    visits.extend(burst());
    visits
}

fn print(outcome: &Outcome, quiet: bool) -> anyhow::Result<()> {
    if !quiet {
        serde_json::to_writer(std::io::stdout(), outcome)?;
        writeln!(std::io::stdout())?;
    }
    Ok(())
}
