//! Who may: what is decided about requests, with tokens that other programs
//! made, and what is said about it.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use plumb_serve::auth::jwt::{self, Rules};
use plumb_serve::auth::{
    Algorithm, Decision, Gatekeeper, GatekeeperSettings, JwtSettings, LockOut, NewKey, Refusal,
    Users, algorithm, read_pinned,
};
use plumb_serve::core::{EventKind, Events, Limits, Rule, ServerEvent};
use plumb_serve::http::About;

use crate::ground::{run, stdout};
use crate::terminator::Folder;
use crate::tls::now_unix_s;

/// What a gatekeeper told of broken rules.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(Rule, String)>>>);

impl Told {
    fn rules(&self) -> Vec<Rule> {
        self.0.lock().unwrap().iter().map(|(rule, _)| *rule).collect()
    }

    fn text(&self) -> String {
        format!("{:?}", self.0.lock().unwrap())
    }

    fn about(&self, client: &str) -> About {
        let told = self.clone();
        let sink = move |event: ServerEvent| {
            if let EventKind::Security { rule, detail, .. } = event.kind {
                told.0.lock().unwrap().push((rule, detail));
            }
        };
        let client: IpAddr = client.parse().unwrap();
        let peer = SocketAddr::from((client, 40_000));
        let local = SocketAddr::from(([127, 0, 0, 1], 8080));
        let events = Events::new("test", sink);
        About::new(
            peer.into(),
            local.into(),
            Arc::new(Limits::default()),
            events,
            Default::default(),
        )
    }
}

fn asking(credentials: &[&str]) -> Parts {
    let mut request = http::Request::builder().uri("/");
    for one in credentials {
        request = request.header(AUTHORIZATION, *one);
    }
    request.body(()).unwrap().into_parts().0
}

fn basic(text: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
}

async fn ask(gatekeeper: &Gatekeeper, about: &About, credentials: &[&str]) -> Decision {
    gatekeeper.check(&asking(credentials), about).await
}

fn allowed(user: &str) -> Decision {
    Decision::Allow { user: Some(user.to_owned()) }
}

fn refusal(decision: Decision) -> Refusal {
    match decision {
        Decision::Refuse(refusal) => refusal,
        Decision::Allow { user } => panic!("{user:?} was let in"),
    }
}

#[tokio::test]
async fn bearer_tokens_of_a_file() {
    let folder = Folder::new("tokens");
    let path =
        folder.write("tokens", "# whose is it\nalice:correct-horse-battery\nnameless-token\n");
    let settings = GatekeeperSettings { tokens: Some(path), ..GatekeeperSettings::default() };
    let gatekeeper = Gatekeeper::new(settings).unwrap();
    let told = Told::default();
    let about = told.about("192.0.2.1");
    let of = async |credentials: &[&str]| ask(&gatekeeper, &about, credentials).await;

    assert_eq!(of(&["Bearer correct-horse-battery"]).await, allowed("alice"));
    assert_eq!(of(&["bearer  nameless-token"]).await, allowed("token-3"));
    let wanted = refusal(of(&[]).await);
    assert_eq!(wanted.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wanted.challenges, ["Bearer realm=\"plumb\""], "no error where nothing came");
    assert!(told.rules().is_empty());
    let wrong = refusal(of(&["Bearer correct-horse-batterx"]).await);
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let challenge = wrong.response().headers()[WWW_AUTHENTICATE].to_str().unwrap().to_owned();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    assert_eq!(told.rules(), [Rule::Credentials]);
    assert!(!told.text().contains("batter"), "no secret is told: {}", told.text());
    for nonsense in [&["Bearer a b"][..], &["Bearer"], &["Bearer x", "Bearer y"], &["\"", "x"]] {
        let status = refusal(of(nonsense).await).status;
        assert!(status == StatusCode::BAD_REQUEST || nonsense == ["Bearer"], "{nonsense:?}");
    }
    assert_eq!(refusal(of(&[&basic("alice:x")]).await).status, StatusCode::UNAUTHORIZED);

    folder.write("tokens", "bob:another-long-token");
    gatekeeper.reload(&about.events);
    assert_eq!(of(&["Bearer another-long-token"]).await, allowed("bob"));
    assert_eq!(refusal(of(&["Bearer nameless-token"]).await).status, StatusCode::UNAUTHORIZED);
    folder.write("tokens", "bob:not a token");
    gatekeeper.reload(&about.events);
    assert_eq!(of(&["Bearer another-long-token"]).await, allowed("bob"), "the old ones stay");
}

#[tokio::test]
async fn users_with_passwords_and_their_lock_out() {
    let folder = Folder::new("users");
    let path = folder.path("users");
    let mut users = Users::default();
    users.set("alice", "päss:word").unwrap();
    users.write(&path).unwrap();
    let settings = GatekeeperSettings {
        users: Some(path.clone()),
        lock_out: LockOut { failures: 3, wait: Duration::from_secs(60) },
        ..GatekeeperSettings::default()
    };
    let gatekeeper = Gatekeeper::new(settings).unwrap();
    let told = Told::default();
    let (home, elsewhere) = (told.about("192.0.2.1"), told.about("198.51.100.7"));
    let good = basic("alice:päss:word");

    let wanted = refusal(ask(&gatekeeper, &home, &[]).await);
    assert_eq!(wanted.challenges, ["Basic realm=\"plumb\", charset=\"UTF-8\""]);
    assert_eq!(ask(&gatekeeper, &home, &[&good]).await, allowed("alice"));
    assert_eq!(ask(&gatekeeper, &home, &[&good]).await, allowed("alice"), "remembered");
    let wrong = basic("alice:wrong");
    for _ in 0..3 {
        let refused = refusal(ask(&gatekeeper, &elsewhere, &[&wrong]).await);
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    }
    let failed = [Rule::Credentials, Rule::Credentials, Rule::Credentials];
    assert_eq!(told.rules()[..3], failed);
    assert_eq!(told.rules()[3..], [Rule::LockOut, Rule::LockOut], "the client and the user");
    let refused = refusal(ask(&gatekeeper, &elsewhere, &[&good]).await);
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let response = refused.response();
    let wait: u64 = response.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let third = told.about("203.0.113.9");
    let refused = refusal(ask(&gatekeeper, &third, &[&good]).await);
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "the user is locked everywhere");
    assert_eq!(ask(&gatekeeper, &home, &[&good]).await, allowed("alice"), "who was in stays in");

    users.set("alice", "a new password").unwrap();
    users.write(&path).unwrap();
    gatekeeper.reload(&home.events);
    let refused = refusal(ask(&gatekeeper, &home, &[&good]).await);
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "the old password is forgotten");
}

#[tokio::test]
async fn an_unknown_user_is_refused_like_a_wrong_password() {
    let folder = Folder::new("unknown-user");
    let path = folder.path("users");
    let mut users = Users::default();
    users.set("alice", "the password of alice").unwrap();
    users.write(&path).unwrap();
    let settings = GatekeeperSettings { users: Some(path), ..GatekeeperSettings::default() };
    let gatekeeper = Gatekeeper::new(settings).unwrap();
    let about = Told::default().about("192.0.2.1");
    // Compared with the hash of a user that is there, and refused all the same.
    let unknown = refusal(ask(&gatekeeper, &about, &[&basic("bob:the password of alice")]).await);
    let wrong = refusal(ask(&gatekeeper, &about, &[&basic("alice:x")]).await);
    assert_eq!(unknown, wrong);
}

/// A gatekeeper for tokens of this key.
fn of_key(path: &Path, change: impl FnOnce(&mut JwtSettings)) -> Gatekeeper {
    let mut jwt = JwtSettings::new(path.to_owned());
    change(&mut jwt);
    Gatekeeper::new(GatekeeperSettings { jwt: Some(jwt), ..GatekeeperSettings::default() }).unwrap()
}

const PYTHON_TOKEN: &str = "
import base64, hashlib, hmac, json, sys
part = lambda data: base64.urlsafe_b64encode(data).rstrip(b'=')
header = part(json.dumps({'typ': 'JWT', 'alg': sys.argv[2]}).encode())
message = header + b'.' + part(sys.argv[1].encode())
key = open(sys.argv[3], 'rb').read()
key = key if sys.argv[4:] else key.rstrip(b'\\n')
print((message + b'.' + part(hmac.new(key, message, hashlib.sha256).digest())).decode())
";

async fn python_token(claims: &str, alg: &str, key: &str, raw: &[&str]) -> Option<String> {
    let output = run("python3", &[&["-c", PYTHON_TOKEN, claims, alg, key], raw].concat()).await?;
    assert!(output.status.success(), "{output:?}");
    Some(format!("Bearer {}", stdout(&output).trim()))
}

#[tokio::test]
async fn tokens_that_python_signed() {
    let folder = Folder::new("jwt");
    folder.write("key", "a secret that is long enough for it\n");
    let key = folder.text("key");
    let gatekeeper = of_key(key.as_ref(), |jwt| {
        jwt.issuers = vec!["me".to_owned()];
        jwt.audiences = vec!["api".to_owned()];
    });
    let told = Told::default();
    let about = told.about("192.0.2.1");
    let now = now_unix_s();
    let good = format!(r#"{{"sub":"alice","exp":{},"iss":"me","aud":["api","x"]}}"#, now + 600);
    let Some(token) = python_token(&good, "HS256", &key, &[]).await else { return };
    assert_eq!(ask(&gatekeeper, &about, &[&token]).await, allowed("alice"));
    let later = now + 600;
    for (claims, words) in [
        (format!(r#"{{"exp":{},"iss":"me","aud":"api"}}"#, now - 600), "expired"),
        (format!(r#"{{"nbf":{later},"exp":{later},"iss":"me","aud":"api"}}"#), "not valid for"),
        (format!(r#"{{"exp":{later},"iss":"you","aud":"api"}}"#), "issuer"),
        (format!(r#"{{"exp":{later},"iss":"me","aud":"other"}}"#), "audience"),
        (r#"{"iss":"me","aud":"api"}"#.to_owned(), "no expiry"),
        ("[1]".to_owned(), "JSON object"),
    ] {
        let token = python_token(&claims, "HS256", &key, &[]).await.unwrap();
        let refused = refusal(ask(&gatekeeper, &about, &[&token]).await);
        let challenge = refused.challenges.join("");
        assert!(challenge.contains(words) && challenge.contains("invalid_token"), "{challenge}");
    }
    let lying = python_token(&good, "HS384", &key, &[]).await.unwrap();
    let refused = refusal(ask(&gatekeeper, &about, &[&lying]).await);
    assert!(refused.reason.contains("algorithm"), "{}", refused.reason);
    let (message, mark) = token.rsplit_once('.').unwrap();
    let other = if mark.starts_with('A') { "B" } else { "A" };
    let tampered = format!("{message}.{other}{}", &mark[1..]);
    let refused = refusal(ask(&gatekeeper, &about, &[&tampered]).await);
    assert!(refused.reason.contains("signature"), "{}", refused.reason);
}

#[tokio::test]
async fn a_public_key_is_never_a_secret() {
    let folder = Folder::new("confusion");
    for (name, make) in [
        ("rsa", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..]),
        ("ec", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("ed", &["genpkey", "-algorithm", "ED25519"]),
    ] {
        let (private, public) = (folder.text(name), folder.text(&format!("{name}.pub")));
        if run("openssl", &[make, &["-out", &private]].concat()).await.is_none() {
            return;
        }
        run("openssl", &["pkey", "-in", &private, "-pubout", "-out", &public]).await.unwrap();
        let claims = format!(r#"{{"sub":"mallory","exp":{}}}"#, now_unix_s() + 600);
        let gatekeeper = of_key(public.as_ref(), |_| {});
        let about = Told::default().about("192.0.2.1");
        // Signed by HMAC with the bytes of the public key, which everybody has.
        let Some(token) = python_token(&claims, "HS256", &public, &["raw"]).await else { return };
        let refused = refusal(ask(&gatekeeper, &about, &[&token]).await);
        assert!(refused.reason.contains("algorithm"), "{name}: {}", refused.reason);
        let asked = JwtSettings {
            algorithms: vec![Algorithm::HS256],
            ..JwtSettings::new(public.clone().into())
        };
        let settings = GatekeeperSettings { jwt: Some(asked), ..GatekeeperSettings::default() };
        let error = Gatekeeper::new(settings).unwrap_err().to_string();
        assert!(error.contains("HS256 does not go with"), "{error}");
    }
}

#[tokio::test]
async fn openssl_and_plumb_take_each_others_signatures() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let folder = Folder::new("signatures");
    let (private, public) = (folder.text("rsa"), folder.text("rsa.pub"));
    let make = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"];
    if run("openssl", &[&make[..], &[&private]].concat()).await.is_none() {
        return;
    }
    run("openssl", &["pkey", "-in", &private, "-pubout", "-out", &public]).await.unwrap();
    let claims = format!(r#"{{"sub":"alice","exp":{}}}"#, now_unix_s() + 600);
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", part(r#"{"alg":"RS256"}"#), part(&claims));
    let (file, signature) = (folder.write("message", &message), folder.text("signature"));
    let file = file.to_str().unwrap();
    let sign = ["dgst", "-sha256", "-sign", &private, "-out", &signature, file];
    assert!(run("openssl", &sign).await.unwrap().status.success());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(std::fs::read(&signature).unwrap()));
    let about = Told::default().about("192.0.2.1");
    let bearer = format!("Bearer {token}");
    assert_eq!(ask(&of_key(public.as_ref(), |_| {}), &about, &[&bearer]).await, allowed("alice"));

    let (key, algorithms) = read_pinned(private.as_ref(), &[]).unwrap();
    let made = jwt::issue(&serde_json::from_str(&claims).unwrap(), &key, algorithms[0]).unwrap();
    let (message, mark) = made.rsplit_once('.').unwrap();
    folder.write("message", message);
    std::fs::write(&signature, URL_SAFE_NO_PAD.decode(mark).unwrap()).unwrap();
    let verify = ["dgst", "-sha256", "-verify", &public, "-signature", &signature, file];
    let output = run("openssl", &verify).await.unwrap();
    assert!(stdout(&output).contains("Verified OK"), "{output:?}");
}

#[test]
fn every_kind_of_key_makes_tokens_that_its_public_key_takes() {
    let folder = Folder::new("kinds");
    for name in ["HS256", "HS512", "ES256", "ES384", "EdDSA"] {
        let with = algorithm(name).unwrap();
        let made = NewKey::make(with).unwrap();
        let path = folder.path(name);
        made.save(&path).unwrap();
        assert!(made.save(&path).is_err(), "nothing is overwritten");
        let (key, _) = read_pinned(&path, &[with]).unwrap();
        let claims = serde_json::json!({"sub": name, "exp": 10}).as_object().unwrap().clone();
        let token = jwt::issue(&claims, &key, with).unwrap();
        let public = folder.path(&format!("{name}.pub"));
        let checking = if made.public.is_some() { public } else { path };
        let (key, algorithms) = read_pinned(&checking, &[with]).unwrap();
        assert_eq!(key.can_sign(), made.public.is_none());
        let rules = Rules { algorithms, issuers: vec![], audiences: vec![], leeway_s: 0 };
        assert_eq!(jwt::verify(&token, &key, &rules, 5).unwrap()["sub"], name);
        assert_eq!(jwt::issue(&claims, &key, with).is_err(), made.public.is_some());
    }
}

#[tokio::test]
async fn keys_as_openssl_makes_them() {
    let folder = Folder::new("key-forms");
    let key = folder.text("k");
    for (make, name) in [
        (&["genrsa", "-traditional", "2048"][..], "RS256"),
        (&["genpkey", "-algorithm", "RSA"], "PS512"),
        (&["ecparam", "-genkey", "-noout", "-name", "prime256v1"], "ES256"),
        (&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "ES384"),
        (&["genpkey", "-algorithm", "ED25519"], "EdDSA"),
    ] {
        let arguments = [&make[..1], &["-out", &key], &make[1..]].concat();
        if run("openssl", &arguments).await.is_none() {
            return;
        }
        let with = algorithm(name).unwrap();
        let (read, _) = read_pinned(key.as_ref(), &[with]).unwrap();
        let claims = serde_json::json!({"exp": 10}).as_object().unwrap().clone();
        let token = jwt::issue(&claims, &read, with).unwrap_or_else(|e| panic!("{make:?}: {e}"));
        let rules =
            Rules { algorithms: vec![with], issuers: vec![], audiences: vec![], leeway_s: 0 };
        assert!(jwt::verify(&token, &read, &rules, 5).is_ok(), "{make:?}");
    }
    let encrypted =
        ["genpkey", "-algorithm", "ED25519", "-aes256", "-pass", "pass:x", "-out", &key];
    run("openssl", &encrypted).await.unwrap();
    let error = read_pinned(key.as_ref(), &[]).unwrap_err().to_string();
    assert!(error.contains("is encrypted"), "{error}");
    folder.write("k", "");
    assert!(read_pinned(key.as_ref(), &[]).unwrap_err().to_string().contains("empty"));
}
