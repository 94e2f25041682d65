"""The Maven repository, from a fresh project."""

import re
from pathlib import Path

import pytest
from readme import REPOSITORY, Run, arguments, built, check, example
from simulator import Simulator

POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>example</groupId>
  <artifactId>example</artifactId>
  <version>1</version>
  <properties>
    <kotlin.compiler.jvmTarget>17</kotlin.compiler.jvmTarget>
    <kotlin.compiler.daemon>false</kotlin.compiler.daemon>
    <maven.compiler.release>17</maven.compiler.release>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <repositories>
    <repository>
      <id>dist</id>
      <url>{repository}</url>
    </repository>
  </repositories>
  <dependencies>
    <dependency>
      <groupId>beproduct</groupId>
      <artifactId>beproduct-client</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
  <build>
    <sourceDirectory>src</sourceDirectory>
    <plugins>
      <plugin>
        <groupId>org.jetbrains.kotlin</groupId>
        <artifactId>kotlin-maven-plugin</artifactId>
        <version>{kotlin}</version>
        <executions>
          <execution>
            <goals><goal>compile</goal></goals>
          </execution>
        </executions>
      </plugin>
    </plugins>
  </build>
</project>
"""
PROGRAM = """\
{imports}
suspend fun main(arguments: Array<String>) {{
    val folder = arguments.first()
    val numbers = arguments.drop(1)
    val (clientId, clientSecret, refreshToken) =
        listOf("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN").map {{ System.getenv("BEPRODUCT_$it") }}
    val settings = Settings(apiUrl = System.getenv("BEPRODUCT_API_URL"), identityUrl = System.getenv("BEPRODUCT_IDENTITY_URL"))
{body}}}
"""
PLAN = "Plan.businessMax(licenses = 8)"
CLASSPATH = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath"


def local_repository(project: Path) -> Path:
    """The user's, for what others have published. The package itself is not taken from there, where an old one may be."""
    user = Path.home() / ".m2" / "repository"
    user.mkdir(parents=True, exist_ok=True)
    local = project / "repository"
    local.mkdir()
    for folder in user.iterdir():
        if folder.is_dir() and folder.name != "beproduct":
            (local / folder.name).symlink_to(folder)
    return local


@pytest.mark.skipif((REPOSITORY / "target/no-kotlin").exists(), reason="there is no Kotlin here")
def test_the_example(run: Run, project: Path, simulator: Simulator) -> None:
    own = (REPOSITORY / "bindings-swift/kotlin/pom.xml").read_text()
    kotlin = re.search(r"<kotlin.version>(.*)</kotlin.version>", own)
    assert kotlin
    jar = built("maven/beproduct/beproduct-client/*/*.jar")
    pom = POM.format(repository=built("maven").as_uri(), version=jar.parent.name, kotlin=kotlin[1])
    (project / "pom.xml").write_text(pom)
    code = example("kotlin", {PLAN: f"{PLAN}, settings = settings"})
    imports, _, body = code.partition("\n\n")
    source = project / "src" / "Example.kt"
    source.parent.mkdir()
    source.write_text(PROGRAM.format(imports=imports, body=body))

    local = f"-Dmaven.repo.local={local_repository(project)}"
    run("mvn", "--batch-mode", "--quiet", local, "-Dmdep.outputFile=classpath", "compile", CLASSPATH)
    classpath = (project / "classpath").read_text()
    assert str(project / "repository" / "beproduct") in classpath
    printed = run("java", "-cp", f"target/classes:{classpath}", "ExampleKt", *arguments(simulator))
    check(printed, simulator)
