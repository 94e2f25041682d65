//! Flags of the commands.

use super::*;

#[test]
fn flags_follow_the_catalogue() {
    let flags = |file: &str, from: &str, to: &str| {
        let root = changed(file, from, to);
        assert_eq!(generate(&root, false), Ok(true));
        let text = std::fs::read_to_string(root.path().join("core/cli/src/generated.rs")).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let proxy = "name = \"proxy\"\nkind = \"text\"\n";
    let login = format!(
        "{proxy}variable = true\ncommands = [\"login\"]\ncommand_doc = \"Via `{{setting:api_url}}`.\"\n"
    );
    let text = flags("client/settings.toml", proxy, &login);
    for part in [
        "help = \"Via --api-url [env: BEPRODUCT_PROXY]\"",
        "pub(crate) proxy: Option<String>,",
        "given.setting(\"proxy\", self.proxy.as_deref());",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let text = flags("client/methods/quota.toml", "range = [1, 90]", "range = [1, 30]");
    assert!(text.contains("range(1..=30)") && text.contains("[1 to 30]"), "{text}");
    // A further plan that has licences and a day's limit: only an edition excludes that limit then.
    let plan = "[[plan]]\nname = \"unlimited\"";
    let third = format!(
        "[[plan]]\nname = \"both\"\nsets = {{}}\ndoc = \"Both.\"\n\n[[plan.parameter]]\nname = \"licenses\"\nkind = \"integer\"\n\
         doc = \"L.\"\n\n[[plan.parameter]]\nname = \"requests_per_day\"\nkind = \"integer\"\ndoc = \"R.\"\n\n{plan}"
    );
    let between = |text: &str, from: &str, to: &str| {
        text.split_once(from)
            .and_then(|(_, rest)| rest.split_once(to))
            .map(|(part, _)| part.to_owned())
            .unwrap()
    };
    let (edition, licenses) = ("pub(crate) edition:", "pub(crate) licenses:");
    let text = between(&flags("client/plan.toml", "", ""), edition, licenses);
    assert!(text.contains("conflicts_with = \"requests_per_day\", requires = \"edition\""), "{text}");
    let text = between(&flags("client/plan.toml", plan, &third), edition, licenses);
    assert!(text.contains("conflicts_with = \"from_service\", help ="), "{text}");
}
