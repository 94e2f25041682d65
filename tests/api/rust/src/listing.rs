//! What a crate shows to others, as lines.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Attribute, Fields, ImplItem, Item, ItemImpl, Signature, TraitItem, Type, Visibility, parse_quote};

use crate::sources::{Module, Sources, Target, is_left_out, join, name_of};

/// A public name with its signature each, sorted.
pub(crate) fn lines(sources: &Sources) -> BTreeSet<String> {
    let mut names = BTreeMap::new();
    let mut lines = BTreeSet::new();
    walk(sources, "", "", &mut names, &mut lines);
    for ((module, name), paths) in &names {
        if let Some(item) = sources.item(module, name) {
            lines.extend(paths.iter().flat_map(|path| declaration(path, item)));
        }
    }
    for (module, Module { items, .. }) in sources.modules() {
        for item in items {
            if let Item::Impl(item) = item
                && let Some(Target::Item(of, name)) = named(sources, module, &item.self_ty)
                && let Some(paths) = names.get(&(of, name))
            {
                lines.extend(
                    paths.iter().flat_map(|path| implementation(sources, module, path, item, &names)),
                );
            }
        }
    }
    lines
}

/// The public paths of items, by their modules and names.
type Names = BTreeMap<(String, String), BTreeSet<String>>;

fn walk(sources: &Sources, module: &str, prefix: &str, names: &mut Names, lines: &mut BTreeSet<String>) {
    let Module { items, uses } = sources.get(module);
    for item in items {
        match item {
            Item::Mod(item) if is_public(&item.vis) => {
                let name = item.ident.to_string();
                walk(sources, &join(module, &name), &join(prefix, &name), names, lines);
            }
            item => {
                if let Some(name) = name_of(item).filter(|_| visibility(item).is_some_and(is_public)) {
                    let key = (module.to_owned(), name.to_string());
                    names.entry(key).or_default().insert(join(prefix, &name.to_string()));
                }
            }
        }
    }
    for used in uses.iter().filter(|used| used.is_public) {
        match (sources.resolve(module, &used.path), &used.name) {
            (Some(Target::Item(of, item)), Some(name)) => {
                names.entry((of, item)).or_default().insert(join(prefix, name));
            }
            (Some(Target::Module(other)), name) => {
                let prefix = name.as_ref().map_or_else(|| prefix.to_owned(), |name| join(prefix, name));
                walk(sources, &other, &prefix, names, lines);
            }
            (_, name) => {
                let name = name.as_deref().unwrap_or("*");
                lines.insert(format!("{} use {}", join(prefix, name), used.path.join("::")));
            }
        }
    }
}

fn declaration(path: &str, item: &Item) -> Vec<String> {
    let mut lines = Vec::new();
    match item {
        Item::Struct(item) => {
            let mut head = item.clone();
            head.fields = Fields::Unit;
            head.semi_token = Some(parse_quote!(;));
            head.attrs = shown(&item.attrs);
            lines.push(format!("{path} {}", text(Item::Struct(head))));
            lines.extend(fields(path, &item.fields));
        }
        Item::Enum(item) => {
            let mut head = item.clone();
            head.variants.clear();
            head.attrs = shown(&item.attrs);
            lines.push(format!("{path} {}", text(Item::Enum(head))));
            for variant in &item.variants {
                let mut variant = variant.clone();
                variant.attrs.clear();
                for field in &mut variant.fields {
                    field.attrs.clear();
                }
                let one: syn::ItemEnum = parse_quote!(enum One { #variant });
                let shown = text(Item::Enum(one));
                let shown = shown.trim_start_matches("enum One {").trim_end_matches('}').trim();
                lines.push(format!("{path}::{} variant {}", variant.ident, shown.trim_end_matches(',')));
            }
        }
        Item::Trait(item) => {
            let mut head = item.clone();
            head.items.clear();
            head.attrs = shown(&item.attrs);
            lines.push(format!("{path} {}", text(Item::Trait(head))));
            for member in &item.items {
                lines.extend(match member {
                    TraitItem::Fn(member) => {
                        let provided = if member.default.is_some() { " (provided)" } else { "" };
                        Some(format!("{path}::{} {}{provided}", member.sig.ident, signature(&member.sig)))
                    }
                    TraitItem::Type(member) => Some(format!("{path}::{} type", member.ident)),
                    TraitItem::Const(member) => {
                        Some(format!("{path}::{} const: {}", member.ident, type_text(&member.ty)))
                    }
                    _ => None,
                });
            }
        }
        Item::Fn(item) => lines.push(format!("{path} {}", signature(&item.sig))),
        Item::Const(item) => lines.push(format!("{path} const: {}", type_text(&item.ty))),
        Item::Static(item) => lines.push(format!("{path} static: {}", type_text(&item.ty))),
        Item::Type(item) => {
            let mut item = item.clone();
            item.attrs.clear();
            lines.push(format!("{path} {}", text(Item::Type(item))));
        }
        _ => {}
    }
    lines
}

fn fields(path: &str, fields: &Fields) -> Vec<String> {
    let public = fields.iter().enumerate().filter(|(_, field)| is_public(&field.vis));
    public
        .map(|(index, field)| {
            let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
            format!("{path}.{name}: {}", type_text(&field.ty))
        })
        .collect()
}

fn implementation(
    sources: &Sources,
    module: &str,
    path: &str,
    item: &ItemImpl,
    names: &Names,
) -> Vec<String> {
    let Some((_, of, _)) = &item.trait_ else {
        return item.items.iter().filter_map(|member| inherent(path, member)).collect();
    };
    let segments: Vec<_> = of.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let is_ours = match sources.resolve(module, &segments) {
        Some(Target::Item(of, name)) => Some(names.contains_key(&(of, name))),
        _ => None,
    };
    if is_ours == Some(false) {
        return Vec::new();
    }
    let mut head = item.clone();
    let types = item.items.iter().filter_map(|member| match member {
        ImplItem::Type(member) => Some(format!(", {} = {}", member.ident, type_text(&member.ty))),
        _ => None,
    });
    let types: String = types.collect();
    head.items.clear();
    head.attrs.clear();
    vec![format!("{path} {}{types}", text(Item::Impl(head)))]
}

fn inherent(path: &str, member: &ImplItem) -> Option<String> {
    match member {
        ImplItem::Fn(member) if is_public(&member.vis) && !is_left_out(&member.attrs) => {
            Some(format!("{path}::{} {}", member.sig.ident, signature(&member.sig)))
        }
        ImplItem::Const(member) if is_public(&member.vis) && !is_left_out(&member.attrs) => {
            Some(format!("{path}::{} const: {}", member.ident, type_text(&member.ty)))
        }
        _ => None,
    }
}

fn named(sources: &Sources, module: &str, of: &Type) -> Option<Target> {
    let Type::Path(of) = of else { return None };
    let segments: Vec<_> = of.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    sources.resolve(module, &segments)
}

/// What of its attributes the users of a type rely on.
fn shown(attributes: &[Attribute]) -> Vec<Attribute> {
    let is_shown = |attribute: &&Attribute| {
        ["derive", "non_exhaustive"].iter().any(|name| attribute.path().is_ident(name))
    };
    attributes.iter().filter(is_shown).cloned().collect()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn visibility(item: &Item) -> Option<&Visibility> {
    Some(match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        _ => return None,
    })
}

fn signature(signature: &Signature) -> String {
    let mut signature = signature.clone();
    // A pattern such as `mut self` is the function's own business.
    if let Some(syn::FnArg::Receiver(receiver)) = signature.inputs.first_mut()
        && receiver.reference.is_none()
    {
        receiver.mutability = None;
    }
    for input in &mut signature.inputs {
        if let syn::FnArg::Typed(input) = input
            && let syn::Pat::Ident(pattern) = &mut *input.pat
        {
            pattern.mutability = None;
        }
    }
    let one: syn::ItemFn = parse_quote!(#signature {});
    text(Item::Fn(one))
}

fn type_text(of: &Type) -> String {
    text(Item::Type(parse_quote!(type One = #of;))).trim_start_matches("type One = ").to_owned()
}

/// An item on one line, without what follows its head.
fn text(item: Item) -> String {
    let shown = prettyplease::unparse(&syn::File { shebang: None, attrs: Vec::new(), items: vec![item] });
    let line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = [("( ", "("), (", )", ")"), ("< ", "<"), (", >", ">")]
        .iter()
        .fold(line, |line, (from, to)| line.replace(from, to));
    line.trim_end_matches("{}").trim_end_matches(';').trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_can_name_is_listed() {
        let sources = Sources::parse(
            "
            mod inner {
                use super::Shown;
                pub struct Renamed { pub id: u32, hidden: u32 }
                pub struct Unreachable;
                trait Private {}
                impl Shown { pub fn named(&self, mut name: String) -> Renamed { loop {} } fn own(&self) {} }
                impl Private for Shown {}
                impl std::fmt::Debug for Shown {}
            }
            pub mod outer { pub use crate::inner::*; }
            pub use inner::Renamed as Thing;
            pub use other::thing;
            #[derive(Clone)]
            pub enum Shown { One, Two(u32) }
            #[cfg(test)]
            pub fn only_in_tests() {}
            ",
        )
        .unwrap();
        assert_eq!(
            lines(&sources).into_iter().collect::<Vec<_>>(),
            [
                "Shown #[derive(Clone)] pub enum Shown",
                "Shown impl std::fmt::Debug for Shown",
                "Shown::One variant One",
                "Shown::Two variant Two(u32)",
                "Shown::named fn named(&self, name: String) -> Renamed",
                "Thing pub struct Renamed",
                "Thing.id: u32",
                "outer::Renamed pub struct Renamed",
                "outer::Renamed.id: u32",
                "outer::Unreachable pub struct Unreachable",
                "thing use other::thing",
            ]
        );
    }
}
