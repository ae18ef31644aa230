"""Scripts in one file: every module is in it once, whoever asks for it by whichever address."""

import gzip
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from study_fixtures import make_study

from earmark.listening_test.server.app import create_app
from earmark.listening_test.server.assets import PAGE, ROOT, STATIC, assets
from earmark.listening_test.server.bundle import (
    BundleError,
    bundled,
    handed_on,
    in_order,
    read_module,
)

NODE = shutil.which("node")
MODULES = {
    "counter.js": """
/** @type {number} */
let count = 0;
export function up() {
  count += 1;
  return count;
}
export const START = 0;
""",
    "parts/shapes.js": """
import {
  up as more,
  START,
} from "../counter.js";
export class Shape {
  size = more();
}
export async function later() {
  await null;
  return START;
}
""",
    "page.js": """
import { Shape, later } from "./parts/shapes.js";
import * as counter from "./counter.js";
export const made = [new Shape().size, counter.up(), typeof later, counter.START];
""",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for place, text in MODULES.items():
        path = tmp_path / "plain" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "plain"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = create_app(make_study(tmp_path_factory.mktemp("assets"), "ape", seconds=0.6))
    yield app
    app.extensions["earmark"].database.close()


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_a_module_that_is_asked_for_twice_is_one_with_one_state(root: Path, tmp_path: Path) -> None:
    modules = in_order(root, ["page.js"])
    assert [one.place for one in modules] == ["counter.js", "parts/shapes.js", "page.js"]
    (tmp_path / "bundle.mjs").write_text(bundled(modules, {}), encoding="utf-8")
    for one in modules:
        name = f"{one.name}.mjs"
        (tmp_path / name).write_text(handed_on(one, "./bundle.mjs"), encoding="utf-8")
    script = """
        import { made } from "./$page.mjs";
        import { up } from "./$counter.mjs";
        import { Shape, later } from "./$parts_shapes.mjs";
        console.log(JSON.stringify([made, up(), new Shape().size, up(), await later()]));
    """
    (tmp_path / "asks.mjs").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [NODE or "", "asks.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[1, 2, "function", 0], 3, 4, 5, 0]


@pytest.mark.parametrize(
    "odd",
    [
        'import "./counter.js";',
        'import up from "./counter.js";',
        'export * from "./counter.js";',
        "export default 5;",
        "export let changing = 5;",
        "export { up };",
        "await null;",
        "const here = import.meta.url;",
        'import { up } from "/elsewhere.js";',
    ],
)
def test_what_is_not_understood_is_refused_and_not_put_together_wrongly(
    root: Path, odd: str
) -> None:
    (root / "odd.js").write_text(f"{odd}\n", encoding="utf-8")
    with pytest.raises(BundleError, match="cannot be put into a bundle"):
        read_module(root, "odd.js")


def test_modules_that_need_each_other_are_refused(root: Path) -> None:
    (root / "a.js").write_text('import { b } from "./b.js";\nexport const a = 1;\n', "utf-8")
    (root / "b.js").write_text('import { a } from "./a.js";\nexport const b = 1;\n', "utf-8")
    with pytest.raises(BundleError, match="circle"):
        in_order(root, ["a.js"])


def test_every_module_of_a_listeners_page_is_in_its_script_once() -> None:
    found = assets()
    script = found.files[found.addresses[PAGE].removeprefix(ROOT)].data.decode()
    places = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js")}
    alone = {"theme.js", "welcome.js", "progress.js"}
    for place in places - alone:
        module = read_module(STATIC, place)
        assert script.count(f"const {module.name} = (") == 1
        assert found.files[place].data.decode() == handed_on(module, found.addresses[PAGE])


def test_an_address_that_says_what_is_behind_it_is_kept_and_another_is_asked_about(
    app: Flask,
) -> None:
    http = app.test_client()
    for name, address in assets().addresses.items():
        answer = http.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"], name
        assert answer.mimetype == ("text/css" if name.endswith(".css") else "text/javascript")
    plain = http.get("/static/widgets/dom.js")
    assert plain.headers["Cache-Control"] == "no-cache"
    again = http.get("/static/widgets/dom.js", headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304
    assert http.get(f"/static/{'0' * 16}/listen.js").status_code == 404


def test_who_can_unpack_gets_it_packed(app: Flask) -> None:
    http, address = app.test_client(), assets().addresses[PAGE]
    plain, packed = (
        http.get(address, headers={"Accept-Encoding": how}) for how in ("identity", "br, gzip")
    )
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert http.get(address, headers={"Accept-Encoding": "gzip;q=0"}).data == plain.data


def test_words_are_kept_where_their_address_says_which_they_are(app: Flask) -> None:
    http = app.test_client()
    known = app.extensions["earmark"].words_sha256
    for query, lasting in ((f"?{known}", True), ("", False), ("?0", False)):
        answer = http.get(f"/languages/en.json{query}")
        assert ("immutable" in answer.headers["Cache-Control"]) is lasting
