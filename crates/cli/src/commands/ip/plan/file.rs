//! Plans as files.

use std::fs;
use std::path::Path;

use ipnet::IpNet;
use plumb_wire::addr::plan::{Asked, Plan, Subnet};
use serde::{Deserialize, Serialize};

use crate::error::CommandError;

/// What a file begins with.
const HEAD: &str = "# A plan of plumb ip plan. To change it without moving anything:
#   plumb ip plan --plan FILE NAME=HOSTS ...    add subnets, or let them grow
#   plumb ip plan --plan FILE --remove NAME     give one up
";

/// Of a new file, as any that a user makes: the umask takes away from it.
const MODE: u32 = 0o666;

/// As it is written. What else stands in the tables is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct PlanFile {
    network: Option<String>,
    #[serde(flatten)]
    more: toml::Table,
    #[serde(default, rename = "subnet")]
    subnets: Vec<Row>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    name: String,
    prefix: String,
    /// As it was asked for: 50, 4x/64, /26.
    #[serde(default)]
    asked: Option<String>,
    #[serde(flatten)]
    more: toml::Table,
}

impl PlanFile {
    /// The plan in a file, in its `network` or in the one given; none if there is no such file.
    pub(super) fn read(
        path: &Path,
        given: Option<IpNet>,
    ) -> Result<Option<(PlanFile, Plan)>, CommandError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CommandError::file("read", path, error)),
        };
        let wrong = |what: String| CommandError::usage(format!("{}: {what}", path.display()));
        let file: PlanFile = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            wrong(format!("line {line}: {}", error.message()))
        })?;
        let net = |text: &str| {
            crate::args::ip::network(text).map_err(|error| {
                let message = format!("{}: {}", path.display(), error.message);
                CommandError { message, ..error }
            })
        };
        let network = match (given, &file.network) {
            (Some(network), _) => network,
            (None, Some(text)) => net(text)?.trunc(),
            (None, None) => return Err(wrong("the line network = \"...\" is missing".to_owned())),
        };
        let mut plan = Plan::new(network);
        for row in &file.subnets {
            let network = net(&row.prefix)?.trunc();
            let asked = match &row.asked {
                None => Asked::Length(network.prefix_len()),
                Some(text) => {
                    text.parse().map_err(|error: plumb_wire::addr::plan::AskedError| {
                        wrong(format!("{}: {}", row.name, error.problem)).at(text, error.range)
                    })?
                }
            };
            plan.subnets.push(Subnet { name: row.name.clone(), network, asked });
        }
        let plan = plan.checked().map_err(|error| wrong(error.to_string()))?;
        Ok(Some((file, plan)))
    }

    /// Writes the plan. A file that is there is replaced at once, so that no half of it is left.
    pub(super) fn write(mut self, path: &Path, plan: &Plan) -> Result<(), CommandError> {
        self.network = Some(plan.network.to_string());
        let rows = plan.subnets.iter().map(|subnet| {
            let known = self.subnets.iter().find(|row| row.name == subnet.name);
            Row {
                name: subnet.name.clone(),
                prefix: subnet.network.to_string(),
                asked: Some(subnet.asked.to_string()),
                more: known.map(|row| row.more.clone()).unwrap_or_default(),
            }
        });
        self.subnets = rows.collect();
        let text =
            toml::to_string(&self).map_err(|error| CommandError::file("write", path, error))?;
        let text = format!("{HEAD}\n{text}");
        plumb_sys::file::replace(path, text.as_bytes(), MODE)
            .map_err(|error| CommandError::file("write", path, error))
    }
}
