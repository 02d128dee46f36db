"""Make function.zip: the wheel beside this file, what it needs, and the bundle. The same input gives the same bytes."""

import argparse
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

KIT = Path(__file__).parent
LONG_AGO = (1980, 1, 1, 0, 0, 0)
#: Of no use at run time: what pip writes, and what says how it was installed.
LEFT_OUT = ("bin", "__pycache__", "direct_url.json", "INSTALLER", "RECORD", "REQUESTED")

parser = argparse.ArgumentParser(description="Make function.zip.")
parser.add_argument("--bundle", type=Path, default=KIT / "{{ project }}/bundle", help="what `leadpages build` wrote")
parser.add_argument("--python", default="3.13", help="the Runtime of template.yaml")
parser.add_argument("--platform", default="manylinux2014_x86_64", help="its Architectures")
parser.add_argument("--postgres", action="store_true", help="with what a PostgreSQL needs: 4 MB more")
options = parser.parse_args()

wheel = f"{KIT / '{{ wheel }}'}{'[postgres]' if options.postgres else ''}"
with TemporaryDirectory() as folder:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", folder]
    target = ["--only-binary", ":all:", "--platform", options.platform, "--python-version", options.python]
    subprocess.run([*pip, *target, wheel, "apig-wsgi>=2.19"], check=True)
    roots = {"": Path(folder), "bundle/": options.bundle}
    files = {
        prefix + file.relative_to(root).as_posix(): file.read_bytes()
        for prefix, root in roots.items()
        for file in root.rglob("*")
        if file.is_file()
    }
with zipfile.ZipFile(KIT / "function.zip", "w") as archive:
    for name in sorted(files):
        if not set(name.split("/")) & set(LEFT_OUT):
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name], zipfile.ZIP_DEFLATED, 9)
print(f"function.zip: {(KIT / 'function.zip').stat().st_size:,} bytes")
