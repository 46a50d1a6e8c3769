//! `plumb serve http`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use plumb_serve::auth::Gatekeeper;
use plumb_serve::core::Limits;
use plumb_serve::core::access::PrefixSet;
use plumb_serve::http::api::{Api, Login, LoginCheck, Store};
use plumb_serve::http::files::{Files, FilesConfig, FilesError, Symlinks, UploadConfig};
use plumb_serve::http::{
    About, Cors, Handler, LetsIn, RequestBody, ResponseBody, ResponseHeaders, Web, WebOptions,
};
use plumb_sys::confine::Allowed;

use crate::args::duration;
use crate::args::serve::ServeArgs;
use crate::args::size;
use crate::args::who::WhoArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::serving::{self, NoDatagrams, Plan};

/// What `begin` calls it.
const COMMAND: &str = "serve http";
/// Where it listens unless told otherwise: the port that everybody takes for
/// a web server of their own.
const PORT: u16 = 8080;
/// Requests that are answered at once: more wait for the disk than it can
/// serve in a moment.
const REQUESTS_MAX: usize = 4096;
/// What the framing of a form adds to the file in it.
const FORM_BYTES: u64 = 1024 * 1024;

/// Serve files, or an API to try clients on, over HTTP
///
/// Listens on 127.0.0.1:8080 unless told otherwise. Speaks HTTP/1.0, 1.1 and 2,
/// with --tls also HTTPS. A request whose framing can be read in two ways is
/// answered 400 and ends its connection.
#[derive(Debug, Args)]
pub struct Http {
    /// What to serve [default: the current directory; with --api nothing]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,

    #[command(flatten)]
    files: FileArgs,

    #[command(flatten)]
    api: ApiArgs,

    #[command(flatten)]
    answers: AnswerArgs,

    #[command(flatten)]
    who: WhoArgs,

    #[command(flatten)]
    serve: ServeArgs,
}

/// How files are served.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
struct FileArgs {
    /// Take files by PUT, and by POST of a form
    #[arg(long)]
    upload: bool,

    /// Let an upload replace a file
    #[arg(long, requires = "upload")]
    overwrite: bool,

    /// Let DELETE remove files
    #[arg(long, requires = "upload")]
    delete: bool,

    /// Make the directories of an uploaded path
    #[arg(long, requires = "upload", hide_short_help = true)]
    make_directories: bool,

    /// Largest upload [default: 1 GiB]
    #[arg(long, value_name = "SIZE", requires = "upload", value_parser = size::parse)]
    max_upload: Option<u64>,

    /// File that stands for its directory (can be repeated) [default: index.html, index.htm]
    #[arg(long, value_name = "NAME")]
    index: Vec<String>,

    /// List no directories
    #[arg(long)]
    no_listing: bool,

    /// Serve names with a leading dot, too
    #[arg(long)]
    hidden: bool,

    /// Which symbolic links to follow
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Links::Inside)]
    symlinks: Links,

    /// Cache-Control of files [default: no-cache]
    #[arg(long, value_name = "VALUE")]
    cache_control: Option<String>,

    /// Let files with a hash in their name be kept for a year
    #[arg(long, hide_short_help = true)]
    immutable: bool,

    /// Compress nothing on the way
    #[arg(long)]
    no_compress: bool,

    /// Do not send page.html.br, .zst and .gz in place of page.html
    #[arg(long, hide_short_help = true)]
    no_precompressed: bool,
}

/// Symbolic links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Links {
    /// Those whose target is inside DIR
    Inside,
    /// None
    None,
    /// All, wherever they lead
    All,
}

/// The API.
#[derive(Debug, Args)]
#[command(next_help_heading = "API")]
struct ApiArgs {
    /// Add endpoints to try clients on: /get /status/404 /delay/1 /users ...
    #[arg(long)]
    api: bool,

    /// Keep /users in this file, and not in memory
    #[arg(long, value_name = "FILE", requires = "api")]
    store: Option<PathBuf>,
}

/// What stands around every answer.
#[derive(Debug, Args)]
#[command(next_help_heading = "Answers")]
struct AnswerArgs {
    /// Let pages of this origin read the answers, or of any: * (can be repeated)
    #[arg(long, value_name = "ORIGIN")]
    cors: Vec<String>,

    /// Add a field to every answer; without a value, take it away (can be repeated)
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<String>,

    /// Over TLS, tell browsers to come back only over TLS for so long
    #[arg(long, value_name = "DUR", value_parser = duration::parse, hide_short_help = true)]
    hsts: Option<Duration>,

    /// Answer 503 while so many requests are being answered
    #[arg(long, value_name = "N", default_value_t = REQUESTS_MAX, hide_short_help = true)]
    max_in_flight: usize,
}

impl Run for Http {
    const EXAMPLES: &'static str = "
        plumb serve http                              # this directory, on port 8080
        plumb serve http site --listen 0.0.0.0:8000   # for the neighbours, too
        plumb serve http site --tls self --log combined
        plumb serve http inbox --upload --users users # who has a password may upload
        plumb serve http --api --store users.db       # something to try clients on";

    fn run(self) -> Result<ExitStatus, CommandError> {
        serving::run(COMMAND, self.plan(), &self.serve)
    }
}

impl Http {
    fn plan(&self) -> Result<Plan<Web<Served>, NoDatagrams>, CommandError> {
        let (files, mut reach) = self.files()?;
        let options = self.options()?;
        let gatekeeper = options.gatekeeper.clone();
        let api = self.api(gatekeeper.as_ref())?;
        if let Some(store) = &self.api.store {
            reach.push(Allowed { path: store.clone(), writable: true });
        }
        reach.extend(self.who.files().map(|path| beside(path)));
        let mut limits = Limits::default();
        if self.files.upload {
            limits.body_bytes_max = self.upload_bytes_max() + FORM_BYTES;
        }
        Ok(Plan {
            command: COMMAND,
            server: "http",
            port: PORT,
            stream: Web::new(Served { files, api }, options),
            datagrams: None::<NoDatagrams>,
            limits,
            alpn: &["h2", "http/1.1"],
            url_scheme: Some("http"),
            files: reach,
            gatekeeper,
            workers: serving::processors(),
        })
    }
}

/// A file that is replaced by another of its name is only seen through its
/// directory.
fn beside(path: &std::path::Path) -> Allowed {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    Allowed { path: directory.unwrap_or(".".as_ref()).to_owned(), writable: false }
}

impl Http {
    /// What of the disk is served, and what the server must reach for that.
    fn files(&self) -> Result<(Option<Files>, Vec<Allowed>), CommandError> {
        let directory = match &self.directory {
            Some(directory) => directory.clone(),
            None if self.api.api => return Ok((None, Vec::new())),
            None => ".".into(),
        };
        let args = &self.files;
        let mut config = FilesConfig::new(&directory);
        config.symlinks = match args.symlinks {
            Links::Inside => Symlinks::Inside,
            Links::None => Symlinks::None,
            Links::All => Symlinks::All,
        };
        config.hidden = args.hidden;
        if !args.index.is_empty() {
            config.index.clone_from(&args.index);
        }
        config.listing = !args.no_listing;
        if let Some(value) = &args.cache_control {
            config.cache_control = Some(value.clone());
        }
        config.immutable_hashed = args.immutable;
        config.compress = !args.no_compress;
        config.precompressed = !args.no_precompressed;
        config.upload = args.upload.then(|| UploadConfig {
            overwrite: args.overwrite,
            delete: args.delete,
            make_directories: args.make_directories,
            origins: self.answers.cors.clone(),
            size_bytes_max: self.upload_bytes_max(),
        });
        let files = Files::open(config).map_err(|error| match error {
            FilesError::Directory { .. } => CommandError::not_measured(error.to_string()),
            error => CommandError::usage(error.to_string()),
        })?;
        let served = match args.symlinks {
            // Links lead anywhere, so nothing is out of reach.
            Links::All => "/".into(),
            _ => directory,
        };
        Ok((Some(files), vec![Allowed { path: served, writable: args.upload }]))
    }

    fn upload_bytes_max(&self) -> u64 {
        self.files.max_upload.unwrap_or(UploadConfig::default().size_bytes_max)
    }

    fn api(&self, gatekeeper: Option<&Arc<Gatekeeper>>) -> Result<Option<Api>, CommandError> {
        if !self.api.api {
            return Ok(None);
        }
        let store = match &self.api.store {
            None => Store::in_memory(),
            Some(path) => Store::open(path),
        };
        let store = store.map_err(|error| {
            let file = self.api.store.as_deref().unwrap_or("memory".as_ref()).display();
            CommandError::not_measured(format!("cannot open the store {file}: {error}"))
        })?;
        // Who has a password may log in with it, too.
        let login = gatekeeper.filter(|gatekeeper| gatekeeper.has_users()).map(|gatekeeper| {
            let gatekeeper = Arc::clone(gatekeeper);
            let check: LoginCheck = Arc::new(move |login| {
                let gatekeeper = Arc::clone(&gatekeeper);
                Box::pin(async move {
                    let Login { user, password, client, events } = login;
                    gatekeeper.password_fits(user, password, client, &events).await
                })
            });
            check
        });
        Ok(Some(Api::new(store, login)))
    }

    fn options(&self) -> Result<WebOptions, CommandError> {
        let args = &self.answers;
        let origins = args.cors.iter().map(String::as_str);
        let cors = (!args.cors.is_empty()).then(|| Cors::parse(origins)).transpose();
        let mut headers = ResponseHeaders::hardened();
        if let Some(max_age) = args.hsts {
            headers = headers.with_hsts(max_age);
        }
        for line in &args.header {
            headers =
                headers.with_line(line).map_err(|error| CommandError::usage(error.to_string()))?;
        }
        Ok(WebOptions {
            proxies: PrefixSet::new(self.serve.listen.trusted_proxy.iter().copied()),
            requests_max: Some(args.max_in_flight),
            cors: cors.map_err(|error| CommandError::usage(error.to_string()))?,
            gatekeeper: self.who.gatekeeper()?,
            headers,
            request_ids: true,
        })
    }
}

/// The API where it has something at the path, files elsewhere.
#[derive(Debug)]
struct Served {
    files: Option<Files>,
    api: Option<Api>,
}

impl Handler for Served {
    fn lets_in(&self, request: &Parts) -> LetsIn {
        self.api.as_ref().map_or(LetsIn::WithCredentials, |api| api.lets_in(request))
    }

    async fn handle(&self, request: Request<RequestBody>, about: &About) -> Response<ResponseBody> {
        let path = request.uri().path();
        match (&self.api, &self.files) {
            (Some(api), None) => api.handle(request, about).await,
            (Some(api), Some(_)) if api.owns(path) => api.handle(request, about).await,
            (_, Some(files)) => files.handle(request, about).await,
            (None, None) => {
                let mut response = Response::new(ResponseBody::empty());
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
        }
    }
}
