"""Make function.zip: the wheel beside this file, what it needs, and the bundle. The same input gives the same bytes."""

import argparse
import ast
import io
import os
import subprocess
import sys
import tokenize
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

KIT = Path(__file__).parent
LONG_AGO = (1980, 1, 1, 0, 0, 0)
#: Commands, what they need, and the gated files, which are given out from the bucket.
LEFT_OUT = ("bin/", "bundle/files/", "click/", "leadpages/cli/", "leadpages/preview/")
#: The only one whose byte code this one can write.
HERE = f"3.{sys.version_info.minor}"
WITH_DOCSTRINGS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def main() -> None:
    """Make it, and say how large it is."""
    parser = argparse.ArgumentParser(description="Make function.zip.")
    parser.add_argument(
        "--bundle", type=Path, default=KIT / "{{ project }}/bundle", help="what `leadpages build` wrote"
    )
    parser.add_argument("--python", default="3.13", help="the Runtime of template.yaml")
    parser.add_argument("--platform", default="manylinux2014_x86_64", help="its Architectures")
    parser.add_argument("--postgres", action="store_true", help="with what a PostgreSQL needs: 4 MB more")
    options = parser.parse_args()
    wheel = f"{KIT / '{{ wheel }}'}{'[postgres]' if options.postgres else ''}"
    with TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", folder]
        target = ["--only-binary", ":all:", "--platform", options.platform, "--python-version", options.python]
        subprocess.run([*pip, *target, wheel, "apig-wsgi>=2.19"], check=True)
        for file in Path(folder).rglob("*.py"):
            file.write_bytes(without_comments(file.read_bytes()))
        if options.python == HERE:
            write_byte_code(folder)
        files = {**packed(Path(folder), ""), **packed(options.bundle, "bundle/")}
    with zipfile.ZipFile(KIT / "function.zip", "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name], zipfile.ZIP_DEFLATED, 9)
    print(f"function.zip: {(KIT / 'function.zip').stat().st_size:,} bytes")
    if options.python != HERE:
        print(f"Only Python {options.python} can compile it: run this with that, and cold starts take half the time.")


def write_byte_code(folder: str) -> None:
    """Compile what is in there: a function cannot keep what it compiles, and would do it again at each cold start."""
    compile_all = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", folder]
    subprocess.run([*compile_all, folder], check=True, env={**os.environ, "PYTHONHASHSEED": "0"})


def packed(root: Path, prefix: str) -> dict[str, bytes]:
    """What of the files below `root` goes into the zip, by its name there."""
    files = {}
    for file in root.rglob("*"):
        name = prefix + file.relative_to(root).as_posix()
        if file.is_file() and not is_left_out(name):
            files[name] = file.read_bytes()
    return files


def is_left_out(name: str) -> bool:
    """Whether the function does without that: it runs no commands, and nobody reads or updates it."""
    return name.startswith(LEFT_OUT) or name.endswith(".pyi") or ".dist-info/" in name


def without_comments(source: bytes) -> bytes:
    """The same program without comments and docstrings, which are half of it. Every line keeps its number."""
    try:
        text = source.decode()
        tree = ast.parse(text)
    except (SyntaxError, UnicodeDecodeError):  # for another Python than this one
        return source
    nodes = [node for node in ast.walk(tree) if isinstance(node, WITH_DOCSTRINGS)]
    documented = {node.body[0].lineno for node in nodes if ast.get_docstring(node) is not None}
    lines, begins, cuts = text.split("\n"), True, []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            cuts.append((token, ""))
        elif token.type == tokenize.STRING and begins and token.start[0] in documented:
            cuts.append((token, '"."'))  # not "": a dataclass without one would write its own
        begins = token.type in (tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT)
    for token, instead in reversed(cuts):
        (first, start), (last, end) = token.start, token.end
        left = lines[first - 1][:start] + instead + lines[last - 1][end:]
        lines[first - 1 : last] = [left.rstrip(), *[""] * (last - first)]
    return "\n".join(lines).encode()


if __name__ == "__main__":
    main()
