//! Console blocks of the README and of `tests/cmd/*.md` are run as they stand.

#[test]
fn console_blocks_say_what_plumb_says() {
    let cases = trycmd::TestCases::new();
    cases.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8").env("XDG_RUNTIME_DIR", "");
    for proxy in [
        "http_proxy",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
    ] {
        cases.env(proxy, "");
    }
    cases.case("tests/cmd/*.md");
    cases.case("../../README.md");
}
