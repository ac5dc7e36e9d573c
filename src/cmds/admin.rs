//! `tapal admin`: what an administrator does at the machine itself: the first account, a forgotten password,
//! enrolling a node, checking the audit record. Works on the data folder, also while the centre runs.

use anyhow::{Context, Result, bail};
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use tapal_domain::{entry::Agency, id::SiteId, role::Role};
use tapal_store::{By, account, audit, edge, site};

use super::Settings;
use crate::{centre, progress, seed};

/// Arguments of `tapal admin`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Subcommand)]
enum Noun {
    /// User accounts.
    Account {
        #[command(subcommand)]
        verb: AccountVerb,
    },
    /// Camera nodes.
    Edge {
        #[command(subcommand)]
        verb: EdgeVerb,
    },
    /// The audit record.
    Audit {
        #[command(subcommand)]
        verb: AuditVerb,
    },
}

#[derive(Subcommand)]
enum AccountVerb {
    /// Open an account, or give it a new one-time password.
    Add {
        /// Name to sign in with.
        username: String,
        /// Role, such as system_admin or counter_officer.
        #[arg(long)]
        role: RoleName,
        /// Name shown.
        #[arg(long, default_value = "")]
        name: String,
        /// Name of the site; otherwise all sites.
        #[arg(long)]
        site: Option<String>,
        /// Agency of a liaison, such as police.
        #[arg(long)]
        agency: Option<String>,
    },
    /// List accounts.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Close an account; its sessions end at once.
    Close {
        /// Name to sign in with.
        username: String,
    },
}

#[derive(Subcommand)]
enum EdgeVerb {
    /// Print a one-time token with which a node of a site enrols.
    Add {
        /// Name of the site.
        site: String,
        /// Name of the node.
        #[arg(long, default_value = "node")]
        name: String,
    },
}

#[derive(Subcommand)]
enum AuditVerb {
    /// Check that no row was changed, removed or cut off.
    Verify {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check every receipt for a template that left a node against that node's key.
    Receipts {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy)]
struct RoleName(Role);

impl ValueEnum for RoleName {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [RoleName; Role::ALL.len()] = {
            let mut all = [RoleName(Role::Auditor); Role::ALL.len()];
            let mut n = 0;
            while n < all.len() {
                all[n] = RoleName(Role::ALL[n]);
                n += 1;
            }
            all
        };
        &ALL
    }
    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()))
    }
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    let config = settings.load()?;
    if !config.data().join("tapal.db").exists()
        && !matches!(
            args.noun,
            Noun::Account {
                verb: AccountVerb::Add { .. }
            }
        )
    {
        bail!(
            "{} holds no centre; give its folder with --data",
            config.data().display()
        );
    }
    let runtime = centre::runtime()?;
    runtime.block_on(async {
        let state = centre::open_without_pack(&config).await?;
        let result = match args.noun {
            Noun::Account { verb } => accounts(&state, verb).await,
            Noun::Edge { verb: EdgeVerb::Add { site, name } } => {
                let token = seed::node(&state, site_named(&state, &site).await?, &name).await?;
                progress::say("Valid once, for 24 hours. On the node: TAPAL_ENROL=<token> tapal edge --centre URL --ca certificate.pem");
                progress::result(&token);
                Ok(())
            }
            Noun::Audit { verb } => match verb {
                AuditVerb::Verify { json } => verify(&state, json).await,
                AuditVerb::Receipts { json } => receipts(&state, json).await,
            },
        };
        state.db.close().await;
        result
    })
}

async fn accounts(state: &tapal_server::AppState, verb: AccountVerb) -> Result<()> {
    match verb {
        AccountVerb::Add {
            username,
            role,
            name,
            site,
            agency,
        } => {
            let agency = match agency.as_deref() {
                Some(name) => Some(Agency::from_name(name).with_context(|| {
                    let names: Vec<&str> = Agency::ALL.into_iter().map(Agency::name).collect();
                    format!("no agency is called {name}; there are {}", names.join(", "))
                })?),
                None => None,
            };
            if agency.is_some() != (role.0 == Role::AgencyLiaison) {
                bail!("a liaison needs --agency, and nobody else has one");
            }
            let site = match site {
                Some(name) => Some(site_named(state, &name).await?),
                None => None,
            };
            let shown = if name.is_empty() { &username } else { &name };
            let plan = seed::AccountPlan {
                username: &username,
                display_name: shown,
                role: role.0,
                site,
                desk: None,
                agency,
            };
            let password = seed::sign_in(state, &plan, true).await?;
            progress::say(
                "One-time password; it must be changed at the first sign-in. It is not stored and not shown again:",
            );
            progress::result(&password);
        }
        AccountVerb::List { json } => {
            let mut after = String::new();
            loop {
                let page = account::list(&state.db, &after, 200).await?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.username);
                for account in &page {
                    let closed = account.closed_at.is_some();
                    progress::result(&if json {
                        json!({"username": account.username, "role": account.role, "site": account.site, "closed": closed}).to_string()
                    } else {
                        format!(
                            "{:<20} {:<26} {}",
                            account.username,
                            account.role.name(),
                            if closed { "closed" } else { "open" }
                        )
                    });
                }
            }
        }
        AccountVerb::Close { username } => {
            let (known, _) = account::find(&state.db, &username)
                .await?
                .with_context(|| format!("there is no open account `{username}`"))?;
            account::close(&state.db, state.clock.now(), By::System, known.id).await?;
            progress::say("Closed.");
        }
    }
    Ok(())
}

async fn site_named(state: &tapal_server::AppState, name: &str) -> Result<SiteId> {
    let sites = site::list(&state.db).await?;
    let found = sites
        .iter()
        .find(|site| site.name.eq_ignore_ascii_case(name) || site.id.to_string() == name);
    let names = sites
        .iter()
        .map(|site| site.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    Ok(found
        .with_context(|| format!("there is no site `{name}`; there are: {names}"))?
        .id)
}

async fn verify(state: &tapal_server::AppState, as_json: bool) -> Result<()> {
    let key = state.signing_key.verifying_key();
    let path = state
        .config
        .data_dir
        .join(tapal_server::jobs::CHECKPOINT_FILE);
    let total = audit::list(&state.db, None, None, 1)
        .await?
        .first()
        .map_or(0, |row| row.seq);
    let mut bar = progress::Bar::new("checking the audit record", total.max(0) as u64);
    let verdict = audit::verify(&state.db, Some((&path, &key)), |done| {
        bar.set(done.max(0) as u64)
    })
    .await?;
    let fault = verdict.fault.clone();
    if as_json {
        progress::result(&serde_json::to_string_pretty(&verdict)?);
    } else if fault.is_none() {
        progress::result(&format!("{} rows, no fault.", verdict.rows));
    }
    match fault {
        None => Ok(()),
        Some(fault) => bail!(
            "the audit record is broken: {fault}. Keep the data folder as it is and tell the auditor"
        ),
    }
}

async fn receipts(state: &tapal_server::AppState, as_json: bool) -> Result<()> {
    let checked = edge::check_receipts(&state.db).await?;
    if as_json {
        progress::result(&serde_json::to_string_pretty(&checked)?);
    } else {
        progress::result(&format!(
            "{} receipts signed by their node, {} from before signatures were kept.",
            checked.good, checked.unsigned
        ));
    }
    match checked.bad.first() {
        None => Ok(()),
        Some((node, entry)) => bail!(
            "{} receipts are not what their node signed, the first for entry {entry} at node {node}. \
             Keep the data folder as it is and tell the auditor",
            checked.bad.len()
        ),
    }
}
