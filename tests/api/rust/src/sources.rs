//! The modules of a crate, and what names mean in them.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{Attribute, Item, UseTree, Visibility};

/// How many imports one name may lead through: glob imports may go in circles.
const DEPTH: usize = 16;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// An item with its module.
    Item(String, String),
    Module(String),
}

pub(crate) struct Module {
    pub(crate) items: Vec<Item>,
    pub(crate) uses: Vec<Use>,
}

/// One name that a module has from elsewhere, or all names of a module.
pub(crate) struct Use {
    pub(crate) is_public: bool,
    pub(crate) path: Vec<String>,
    /// None for `*`.
    pub(crate) name: Option<String>,
}

/// All modules by their paths; that of the root is empty.
pub(crate) struct Sources(BTreeMap<String, Module>);

impl Sources {
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let mut sources = Self(BTreeMap::new());
        let folder = root.parent().unwrap_or(Path::new("."));
        sources.file(root, folder, String::new())?;
        Ok(sources)
    }

    /// A crate of one file.
    #[cfg(test)]
    pub(crate) fn parse(text: &str) -> syn::Result<Self> {
        let mut sources = Self(BTreeMap::new());
        let items = syn::parse_file(text)?.items;
        sources.module(items, Path::new(""), String::new()).expect("no file is read");
        Ok(sources)
    }

    /// Reads a file, with the folder of the modules that it declares.
    fn file(&mut self, file: &Path, folder: &Path, path: String) -> Result<(), String> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let parsed = syn::parse_file(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        self.module(parsed.items, folder, path)
    }

    fn module(&mut self, items: Vec<Item>, folder: &Path, path: String) -> Result<(), String> {
        let items: Vec<_> = items.into_iter().filter(|item| !is_left_out(attributes(item))).collect();
        let mut uses = Vec::new();
        for item in &items {
            match item {
                Item::Use(item) => {
                    leaves(&item.tree, &mut Vec::new(), matches!(item.vis, Visibility::Public(_)), &mut uses);
                }
                Item::Mod(item) => {
                    let name = item.ident.to_string();
                    let (inner, child) = (folder.join(&name), join(&path, &name));
                    match &item.content {
                        Some((_, items)) => self.module(items.clone(), &inner, child)?,
                        None if inner.join("mod.rs").exists() => {
                            self.file(&inner.join("mod.rs"), &inner, child)?;
                        }
                        None => self.file(&folder.join(format!("{name}.rs")), &inner, child)?,
                    }
                }
                _ => {}
            }
        }
        self.0.insert(path, Module { items, uses });
        Ok(())
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = (&String, &Module)> {
        self.0.iter()
    }

    pub(crate) fn get(&self, module: &str) -> &Module {
        &self.0[module]
    }

    pub(crate) fn item(&self, module: &str, name: &str) -> Option<&Item> {
        self.get(module).items.iter().find(|item| name_of(item).is_some_and(|ident| ident == name))
    }

    /// What a path means in a module; none for what another crate has.
    pub(crate) fn resolve(&self, module: &str, path: &[String]) -> Option<Target> {
        self.resolve_within(module, path, DEPTH)
    }

    fn resolve_within(&self, module: &str, path: &[String], depth: usize) -> Option<Target> {
        let depth = depth.checked_sub(1)?;
        let (first, rest) = path.split_first()?;
        let target = match first.as_str() {
            "crate" => Target::Module(String::new()),
            "self" => Target::Module(module.to_owned()),
            "super" => Target::Module(module.rsplit_once("::").map_or("", |(parent, _)| parent).to_owned()),
            name => self.find(module, name, depth)?,
        };
        match target {
            target if rest.is_empty() => Some(target),
            Target::Module(module) => self.resolve_within(&module, rest, depth),
            Target::Item(..) => None,
        }
    }

    fn find(&self, module: &str, name: &str, depth: usize) -> Option<Target> {
        let child = join(module, name);
        if self.0.contains_key(&child) {
            return Some(Target::Module(child));
        }
        if self.item(module, name).is_some() {
            return Some(Target::Item(module.to_owned(), name.to_owned()));
        }
        let uses = &self.get(module).uses;
        let named = uses.iter().find(|used| used.name.as_deref() == Some(name));
        if let Some(used) = named {
            return self.resolve_within(module, &used.path, depth);
        }
        uses.iter().filter(|used| used.name.is_none()).find_map(|used| {
            let Target::Module(other) = self.resolve_within(module, &used.path, depth)? else { return None };
            self.find(&other, name, depth.checked_sub(1)?)
        })
    }
}

pub(crate) fn join(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

fn leaves(tree: &UseTree, path: &mut Vec<String>, is_public: bool, uses: &mut Vec<Use>) {
    let mut leaf = |last: Option<String>, name: Option<String>| {
        let path = path.iter().cloned().chain(last).collect();
        uses.push(Use { is_public, path, name });
    };
    match tree {
        UseTree::Path(tree) => {
            path.push(tree.ident.to_string());
            leaves(&tree.tree, path, is_public, uses);
            path.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, path, is_public, uses)),
        UseTree::Glob(_) => leaf(None, None),
        UseTree::Rename(tree) => leaf(Some(tree.ident.to_string()), Some(tree.rename.to_string())),
        UseTree::Name(tree) if tree.ident == "self" => leaf(None, path.last().cloned()),
        UseTree::Name(tree) => leaf(Some(tree.ident.to_string()), Some(tree.ident.to_string())),
    }
}

pub(crate) fn name_of(item: &Item) -> Option<&syn::Ident> {
    Some(match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether this is for tests only, or hidden.
pub(crate) fn is_left_out(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Ok(list) = attribute.meta.require_list() else { return false };
        let tokens = list.tokens.to_string();
        (attribute.path().is_ident("cfg") && tokens == "test")
            || (attribute.path().is_ident("doc") && tokens == "hidden")
    })
}
