"""The public API of Node, from the declarations that the TypeScript compiler makes of the sources."""

import re
import subprocess
import tempfile
from pathlib import Path

# A file and a name that it declares.
Declared = tuple[Path, str]

ENTRIES = {"beproduct-client": "index", "beproduct-client/testing": "testing"}
DECLARATION = re.compile(r"(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|const|let|function) (\w+)")
EXPORTS = re.compile(r"export (?:type )?\{(?P<names>[^}]*)\}(?: from '(?P<module>[^']+)')?;")
EXPORTS_ALL = re.compile(r"export (?:type )?\* from '(?P<module>[^']+)';")
IMPORTS = re.compile(r"import (?:type )?\{(?P<names>[^}]*)\} from '(?P<module>[^']+)';")


class Declarations:
    """All files of declarations, and what their names mean."""

    def __init__(self, folder: Path) -> None:
        self.files = {path: File(path) for path in folder.rglob("*.d.ts")}

    def exported(self, path: Path) -> dict[str, Declared]:
        """What a file exports, of its own and of others."""
        found = {}
        for target in self.files[path].exports_all:
            found |= self.exported(target)
        for alias, (target, name) in self.files[path].exports.items():
            if declared := self.find(target, name):
                found[alias] = declared
        return found

    def find(self, path: Path, name: str) -> Declared | None:
        """Where a name is declared that a file uses."""
        file = self.files.get(path)
        if file is None:
            return None
        if name in file.declared:
            return path, name
        if origin := file.imports.get(name) or file.exports.get(name):
            return self.find(*origin)
        return next(filter(None, (self.find(target, name) for target in file.exports_all)), None)

    def listing(self, names: dict[str, Declared]) -> list[str]:
        lines = []
        for alias, (path, name) in sorted(names.items()):
            shown = self.files[path].declared[name].splitlines()
            lines += shown if alias == name else [f"{alias}: {line}" for line in shown]
        return lines

    def referred(self, exported: set[Declared]) -> dict[str, Declared]:
        """What exported declarations refer to and is not exported itself."""
        seen, rest = set(exported), list(exported)
        while rest:
            path, name = rest.pop()
            for word in re.findall(r"\w+", self.files[path].declared[name]):
                target = self.find(path, word)
                if target and target not in seen:
                    seen.add(target)
                    rest.append(target)
        return {name: (path, name) for path, name in seen - exported}


class File:
    def __init__(self, path: Path) -> None:
        self.declared: dict[str, str] = {}
        self.imports: dict[str, Declared] = {}
        self.exports: dict[str, Declared] = {}
        self.exports_all: list[Path] = []
        for statement in _statements(path.read_text()):
            if match := EXPORTS_ALL.fullmatch(statement):
                self.exports_all.append(_target(path, match["module"]))
            elif match := EXPORTS.fullmatch(statement) or IMPORTS.fullmatch(statement):
                target = _target(path, match["module"]) if match["module"] else path
                names = self.exports if statement.startswith("export") else self.imports
                names.update({alias: (target, name) for name, alias in _names(match["names"])})
            elif match := DECLARATION.match(statement):
                name = match[1]
                # Overloads of a function are several declarations.
                shown = statement.removeprefix("export ").removeprefix("declare ")
                self.declared[name] = "\n".join(filter(None, [self.declared.get(name), shown]))
                if statement.startswith("export "):
                    self.exports[name] = (path, name)


def public_api(root: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npx", "--no-install", "tsc", "-p", "tsconfig.json", "--outDir", folder]
            + ["--emitDeclarationOnly", "--removeComments"],
            cwd=root / "bindings-node",
            check=True,
        )
        declarations = Declarations(Path(folder).resolve())
        lines, shown = [], set()
        for entry, file in ENTRIES.items():
            exported = declarations.exported(Path(folder).resolve() / f"{file}.d.ts")
            lines += [f"// {entry}", *declarations.listing(exported), ""]
            shown |= set(exported.values())
        return [*lines, "// not exported, but referred to", *declarations.listing(declarations.referred(shown))]


def _statements(text: str) -> list[str]:
    """The statements of a file, which begin in its first column."""
    return [statement.strip() for statement in re.split(r"\n(?=[^\s}])", text) if statement.strip()]


def _names(listed: str) -> list[tuple[str, str]]:
    parts = [part.strip().removeprefix("type ").split(" as ") for part in listed.split(",") if part.strip()]
    return [(part[0], part[-1]) for part in parts]


def _target(path: Path, module: str) -> Path:
    return (path.parent / module).resolve().with_suffix(".d.ts")
