//! The commands: one file each, text and JSON, and the way into the explorer.

mod args;
mod ask;
mod claims;
mod closure;
mod config;
mod cut;
mod diff;
mod doctor;
mod emulator;
mod explain;
mod explore;
mod export;
mod facts;
mod failure;
mod fix;
mod graph;
mod history;
mod index;
mod list;
mod log;
mod manual;
mod out;
mod path;
mod reach;
mod repairs;
mod review;
mod scope;
mod source;
mod sql;
mod test;
mod text_file;
mod unread;
mod whoami;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, CliCommand};
use failure::Failure;

/// What a command ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Done, or yes.
    Done,
    /// The answer is no.
    No,
    /// Usage, credentials, network, or a refused write.
    Failed,
    /// Something that decides could not be read.
    Unknown,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Failed => 2,
            Exit::Unknown => 3,
        })
    }
}

/// Reads the arguments of the process and does what they say.
#[must_use]
pub fn run() -> ExitCode {
    let mut cli = Cli::parse_from(args::several(std::env::args_os()));
    if let Err(failure) = configured(&mut cli) {
        out::aside(&failure.to_string());
        return Exit::Failed.into();
    }
    if let Some(Err(failure)) = cli.global.log.as_deref().map(log::begin) {
        out::aside(&failure.to_string());
        return Exit::Failed.into();
    }
    // Only the first one to install it succeeds, and any of them serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Made here, before the explorer takes the terminal.
    let draws = cli.command.is_none().then(niceness).flatten();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_start(move || draws.into_iter().for_each(stand_behind))
        .enable_all()
        .build();
    let end = match runtime {
        Ok(runtime) => {
            let end = dispatch(cli, &runtime);
            // What is still under way, a name look-up for one, is not waited for.
            runtime.shutdown_background();
            end
        }
        Err(e) => Err(Failure::new(
            "start the threads that calls are made on",
            e.to_string(),
            "check the limits of this account (ulimit -u, ulimit -n)",
        )),
    };
    match end {
        Ok(exit) => {
            tracing::info!(?exit, "ended");
            exit.into()
        }
        Err(failure) => {
            tracing::info!(tried = failure.tried, why = failure.came_back, "failed");
            out::aside(&failure.to_string());
            Exit::Failed.into()
        }
    }
}

/// How far the threads that read, match and count stand behind the one that draws: they may take all cores, and a key
/// is to be answered all the same. A step is a tenth less (chosen: a third of the time of a thread that always works).
#[cfg(target_os = "linux")]
const BEHIND: i32 = 5;

/// The niceness of this thread.
#[cfg(target_os = "linux")]
fn niceness() -> Option<i32> {
    rustix::process::getpriority_process(Some(rustix::thread::gettid())).ok()
}

/// Has this thread stand behind one of that niceness. Where that cannot be had, all are alike.
#[cfg(target_os = "linux")]
fn stand_behind(that: i32) {
    let own = Some(rustix::thread::gettid());
    let _ = rustix::process::setpriority_process(own, that + BEHIND);
}

/// Elsewhere the number is the process's, and the thread that draws would stand back too.
#[cfg(not(target_os = "linux"))]
fn niceness() -> Option<i32> {
    None
}

#[cfg(not(target_os = "linux"))]
fn stand_behind(_that: i32) {}

/// Puts what the configuration settles into the options. What only prints has no use for it, and does not fail
/// for a broken one, nor does the doctor, who tells of it.
fn configured(cli: &mut Cli) -> Result<(), Failure> {
    cli.global.preferences.plain = cli.start.plain;
    use CliCommand as C;
    let settle = |global: &mut args::Global| {
        let file = config::load()?;
        config::settle(global, &file, config::variable).map(drop)
    };
    match cli.command {
        // It settles by itself, and says from where.
        Some(C::Completions(_) | C::Man | C::Config | C::Sql(_)) => Ok(()),
        Some(C::Doctor) => {
            let mut settled = cli.global.clone();
            if settle(&mut settled).is_ok() {
                cli.global = settled;
            }
            Ok(())
        }
        _ => settle(&mut cli.global),
    }
}

fn dispatch(cli: Cli, runtime: &tokio::runtime::Runtime) -> Result<Exit, Failure> {
    if !matches!(
        cli.command,
        Some(
            CliCommand::Completions(_) | CliCommand::Man | CliCommand::Doctor | CliCommand::Config
        )
    ) {
        // The table of roles is read while the first calls are under way.
        std::thread::spawn(|| crate::iam::predefined::permission_exists(""));
    }
    let Some(command) = cli.command else {
        tracing::info!(command = "explorer", "command");
        return explore::run(&cli.global, &cli.start, runtime);
    };
    let start = &cli.start;
    if start.caller.is_some()
        || start.target.is_some()
        || start.permission.is_some()
        || start.at.is_some()
        || start.suppressions.is_some()
        || !start.domains.is_empty()
    {
        return Err(Failure::usage(
            "--caller, --target, --permission, --at, --suppressions and --domain stand before the command",
            "put them behind it: bindscope explain --caller … --target …",
        ));
    }
    let name = format!("{command:?}").to_lowercase();
    let name = name.split(|c: char| !c.is_alphanumeric()).next();
    tracing::info!(command = name, "command");
    runtime.block_on(obey(&cli.global, command))
}

async fn obey(global: &args::Global, command: CliCommand) -> Result<Exit, Failure> {
    match command {
        CliCommand::Explain(args) => explain::run(global, &args).await,
        CliCommand::Fix(args) => Box::pin(fix::run(global, &args)).await,
        CliCommand::Undo(args) => history::take_back(global, &args).await,
        CliCommand::History => history::list(global).await,
        CliCommand::List(args) => list::run(global, &args).await,
        CliCommand::Who(args) => reach::who(global, &args).await,
        CliCommand::Reach(args) => reach::reach(global, &args).await,
        CliCommand::Closure(args) => closure::run(global, &args).await,
        CliCommand::Path(args) => path::run(global, &args).await,
        CliCommand::Cut(args) => cut::run(global, &args).await,
        CliCommand::Graph(args) => graph::run(global, &args).await,
        CliCommand::Export(args) => export::run(global, &args).await,
        CliCommand::Index(args) => index::run(global, &args),
        CliCommand::Review(args) => review::run(global, &args).await,
        CliCommand::Diff(args) => diff::run(global, &args),
        CliCommand::Test(args) => test::run(global, &args).await,
        CliCommand::Sql(args) => sql::run(&args),
        CliCommand::Emulator(args) => emulator::run(global, &args).await,
        CliCommand::Config => config::run(global),
        CliCommand::Completions(args) => manual::completions(&args),
        CliCommand::Doctor => doctor::run(global).await,
        CliCommand::Whoami => whoami::run(global).await,
        CliCommand::Man => manual::man(),
    }
}
