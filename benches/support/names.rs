//! Accounts named as large organizations name theirs: always the same for the same number.

use bindscope::estate::ServiceAccount;

const TASKS: [&str; 8] = [
    "api",
    "worker",
    "loader",
    "exporter",
    "scheduler",
    "deployer",
    "reader",
    "writer",
];
const SYSTEMS: [&str; 7] = [
    "ledger", "orders", "media", "billing", "search", "fraud", "maps",
];

/// The account of that number, in one of so many projects.
pub fn account(n: usize, projects: usize) -> ServiceAccount {
    let home = n * 7_919 % projects;
    let project = format!(
        "team-{:03}-{}-prod-{home:05}",
        home % 500,
        SYSTEMS[home % 7]
    );
    let name = format!("{}-{}-{n:07}", TASKS[n * 31 % 8], n % 97);
    ServiceAccount {
        email: format!("{name}@{project}.iam.gserviceaccount.com"),
        project_id: project,
        ..ServiceAccount::default()
    }
}
