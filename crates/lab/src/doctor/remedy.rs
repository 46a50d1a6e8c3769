//! Why a permission is missing, in words, and what exactly helps.

use std::fs;

use plumb_sys::errno::{
    EACCES, EAFNOSUPPORT, EINVAL, ENOENT, ENOSPC, ENOSYS, EOPNOTSUPP, EPERM, EPROTONOSUPPORT,
    EROFS, EUSERS,
};
use plumb_sys::process::SELF_EXE;
use serde::{Deserialize, Serialize};

/// Why something was denied, and the ways to get it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    pub cause: String,
    /// Each is one way; the narrowest first.
    pub ways: Vec<String>,
}

/// What the system says about itself that tells causes apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// kernel.apparmor_restrict_unprivileged_userns (Ubuntu 23.10 and later).
    pub apparmor_restricts: bool,
    /// kernel.unprivileged_userns_clone is there and 0 (Debian, hardened).
    pub unprivileged_clone_off: bool,
    /// user.max_user_namespaces.
    pub max_user_namespaces: Option<u64>,
    /// user.max_net_namespaces.
    pub max_net_namespaces: Option<u64>,
    /// A seccomp filter is on this process.
    pub seccomp_filter: bool,
    /// The process is in a container (Docker, Podman, ...).
    pub container: bool,
    /// The effective user id.
    pub user_id: u32,
    /// Where the program lies, for a profile that names it.
    pub program: Option<String>,
}

impl Facts {
    /// Reads what there is to read; what cannot be read stays unsaid.
    pub fn read() -> Facts {
        let sysctl = |name: &str| {
            fs::read_to_string(format!("/proc/sys/{name}"))
                .ok()
                .and_then(|text| text.trim().parse::<u64>().ok())
        };
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .map(|value| value.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
                .unwrap_or_default()
        };
        let exists = |path: &str| fs::symlink_metadata(path).is_ok();
        Facts {
            apparmor_restricts: sysctl("kernel/apparmor_restrict_unprivileged_userns") == Some(1),
            unprivileged_clone_off: sysctl("kernel/unprivileged_userns_clone") == Some(0),
            max_user_namespaces: sysctl("user/max_user_namespaces"),
            max_net_namespaces: sysctl("user/max_net_namespaces"),
            seccomp_filter: field("Seccomp").first().is_some_and(|mode| mode == "2"),
            container: exists("/.dockerenv") || exists("/run/.containerenv"),
            user_id: field("Uid").get(1).and_then(|uid| uid.parse().ok()).unwrap_or(u32::MAX),
            program: fs::read_link(SELF_EXE).ok().map(|path| path.display().to_string()),
        }
    }
}

/// Why the step of this name failed with this error number, and what helps.
pub fn remedy(step: &str, errno: Option<i32>, facts: &Facts) -> Remedy {
    match (step, errno) {
        ("user namespace" | "network namespace", Some(ENOSPC | EUSERS)) => exhausted(step, facts),
        ("user namespace", Some(ENOSYS | EINVAL)) => Remedy::new(
            "this kernel was built without user namespaces, or the process has several threads",
            ["use a kernel with CONFIG_USER_NS=y".to_owned(), as_root()],
        ),
        ("user namespace", _) => userns_denied(facts),
        ("id map", _) if facts.apparmor_restricts => apparmor(facts),
        ("id map", _) => Remedy::new(
            "the kernel made the user namespace but does not let it map an id",
            [as_root(), "ask who runs this machine which security module forbids it".to_owned()],
        ),
        (_, Some(EPERM | EACCES)) if facts.apparmor_restricts && facts.user_id != 0 => {
            apparmor(facts)
        }
        ("sysctl", Some(EROFS)) => {
            Remedy::new("/proc/sys is read-only, as containers make it", [container_ways()])
        }
        ("packet filter", Some(EOPNOTSUPP | EPROTONOSUPPORT | EAFNOSUPPORT | ENOENT | EINVAL)) => {
            Remedy::new(
                "this kernel has no nf_tables, or its module is not loaded",
                ["load it as root: modprobe nf_tables nft_masq nft_reject_inet".to_owned()],
            )
        }
        ("veth" | "bridge" | "switches and cables", Some(EOPNOTSUPP | ENOENT | EINVAL)) => {
            Remedy::new(
                "this kernel has no virtual cables or bridges, or their modules are not loaded",
                ["load them as root: modprobe veth bridge".to_owned()],
            )
        }
        _ if facts.container => Remedy::new(
            "the container forbids it",
            [container_ways(), "run plumb outside the container".to_owned()],
        ),
        _ if facts.seccomp_filter => Remedy::new(
            "a seccomp filter on this process forbids it",
            ["start plumb from a session without the filter".to_owned()],
        ),
        _ => Remedy::new("the kernel, or a security module, forbids it", [as_root()]),
    }
}

fn userns_denied(facts: &Facts) -> Remedy {
    if facts.unprivileged_clone_off {
        return Remedy::new(
            "kernel.unprivileged_userns_clone is 0: ordinary users may not make user namespaces",
            ["sudo sysctl -w kernel.unprivileged_userns_clone=1".to_owned(), as_root()],
        );
    }
    if facts.max_user_namespaces == Some(0) {
        return exhausted("user namespace", facts);
    }
    if facts.apparmor_restricts {
        return apparmor(facts);
    }
    if facts.container || facts.seccomp_filter {
        return Remedy::new(
            "a seccomp filter forbids to make namespaces, as Docker's default does",
            [container_ways(), "run plumb outside the container".to_owned()],
        );
    }
    Remedy::new(
        "the kernel forbids ordinary users to make user namespaces (a chroot does so too)",
        ["run plumb outside the chroot".to_owned(), as_root()],
    )
}

fn apparmor(facts: &Facts) -> Remedy {
    let program = facts.program.as_deref().unwrap_or("/path/to/plumb");
    Remedy::new(
        "Ubuntu forbids programs without an AppArmor profile to use user namespaces \
         (kernel.apparmor_restrict_unprivileged_userns is 1)",
        [
            format!(
                "allow this one program: printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\n\
                 profile plumb {program} flags=(unconfined) {{\\n  userns,\\n}}\\n' \
                 | sudo tee /etc/apparmor.d/plumb && sudo apparmor_parser -r /etc/apparmor.d/plumb"
            ),
            "allow every program, until the next start: \
             sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
                .to_owned(),
            as_root(),
        ],
    )
}

fn exhausted(step: &str, facts: &Facts) -> Remedy {
    let (setting, limit) = if step == "network namespace" {
        ("user.max_net_namespaces", facts.max_net_namespaces)
    } else {
        ("user.max_user_namespaces", facts.max_user_namespaces)
    };
    let cause = match limit {
        Some(0) => format!("{setting} is 0: nobody may make such a namespace"),
        Some(limit) => format!("all {limit} namespaces that {setting} allows are in use"),
        None => format!("{setting} allows no more namespaces"),
    };
    Remedy::new(cause, [format!("sudo sysctl -w {setting}=10000"), as_root()])
}

fn as_root() -> String {
    "run plumb as root".to_owned()
}

fn container_ways() -> String {
    "start the container with --security-opt seccomp=unconfined --security-opt \
     apparmor=unconfined --security-opt systempaths=unconfined, or with --privileged"
        .to_owned()
}

impl Remedy {
    fn new(cause: impl Into<String>, ways: impl IntoIterator<Item = String>) -> Remedy {
        Remedy { cause: cause.into(), ways: ways.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_gets_its_own_remedy() {
        let ubuntu = Facts { apparmor_restricts: true, user_id: 1000, ..Facts::default() };
        let debian = Facts { unprivileged_clone_off: true, ..Facts::default() };
        let redhat = Facts { max_user_namespaces: Some(0), ..Facts::default() };
        let docker = Facts { container: true, seccomp_filter: true, ..Facts::default() };
        let first = |step, errno, facts: &Facts| remedy(step, Some(errno), facts).ways[0].clone();
        assert!(first("id map", EPERM, &ubuntu).contains("userns,"));
        assert!(first("mount", EACCES, &ubuntu).contains("apparmor"));
        assert!(first("user namespace", EPERM, &debian).contains("unprivileged_userns_clone=1"));
        assert!(first("user namespace", ENOSPC, &redhat).contains("max_user_namespaces"));
        assert!(first("user namespace", EPERM, &docker).contains("seccomp=unconfined"));
        assert!(first("sysctl", EROFS, &docker).contains("systempaths=unconfined"));
    }
}
