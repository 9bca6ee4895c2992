"""The page for a new run in a browser: by mouse, by keyboard alone, by dropping, and what it says of bad pictures."""

import io
import re
import time
import zipfile

import numpy as np
import pytest
from PIL import Image
from tests.studio.keys import forgive_refusals, press_to

from gansmith import runs


@pytest.fixture
def folder(tmp_path):
    """A folder of two classes with one file that is no picture."""
    for j, kind in enumerate(("cat", "dog")):
        (tmp_path / "zoo" / kind).mkdir(parents=True)
        for i in range(4):
            pixels = np.random.default_rng(10 * j + i).integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "zoo" / kind / f"{i}.png")
    (tmp_path / "zoo" / "cat" / "empty.png").write_bytes(b"")
    return tmp_path / "zoo"


def test_by_mouse_from_a_folder_to_a_run(page, studio, folder, accessible):
    page.goto(f"{studio.base}/new")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(folder)
    page.get_by_role("heading", name="What is in it").wait_for()
    assert page.get_by_role("img", name=re.compile(r"^(cat|dog).\d.png$")).count() == 8
    row = page.get_by_role("row", name=re.compile("cat.empty.png"))
    assert "the file is empty" in row.inner_text()
    page.get_by_role("combobox", name="GAN").select_option("vanilla")
    page.get_by_text("Hyper-parameters of vanilla").click()
    page.get_by_label("width", exact=True).fill("8")
    page.get_by_label("Minutes", exact=True).fill("")
    page.get_by_label("Pictures seen").fill("64")
    page.get_by_label("Name of the run").fill("by mouse")
    page.locator(".new-start code", has_text="--name 'by mouse'").wait_for()
    command = page.locator(".new-start code").inner_text()
    assert "--gan vanilla" in command
    assert "--minutes" not in command
    accessible(page)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/runs/by%20mouse", timeout=60_000)
    assert runs.read_config(studio.runs / "by mouse")["command"] == command
    for _ in range(300):
        if runs.describe(studio.runs / "by mouse").state != "running":
            break
        time.sleep(0.1)


def test_by_keyboard_alone(page, studio):
    page.goto(f"{studio.base}/new")
    page.get_by_role("heading", name="Drop a folder").wait_for()
    press_to(page, "Or name a path on this machine, or a known set")
    page.keyboard.type("digits")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Start", exact=True).wait_for()
    press_to(page, "Size, colour and classes: read them in another way")
    page.keyboard.press("Enter")
    press_to(page, "Size")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "7x7" in alert.inner_text()
    assert "--size" in alert.inner_text()
    forgive_refusals(page)
    press_to(page, "Size")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Start", exact=True).wait_for()
    press_to(page, "GAN")
    page.keyboard.type("vanilla")
    press_to(page, "Estimate first")
    page.keyboard.press("Enter")
    page.locator(".new-estimate").wait_for(timeout=60_000)
    assert "vanilla" in page.locator(".new-estimate").inner_text()


def test_a_zip_is_dropped_and_a_reload_loses_nothing(page, studio, folder):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in folder.rglob("*.png"):
            archive.write(path, path.relative_to(folder))
    page.goto(f"{studio.base}/new")
    page.get_by_role("heading", name="Drop a folder").wait_for()
    drop(page, "pets.zip", stream.getvalue())
    page.get_by_role("heading", name="pets.zip").wait_for()
    page.get_by_text("1 file is left out", exact=True).wait_for()
    page.reload()
    page.get_by_text("1 file is left out", exact=True).wait_for()
    page.get_by_role("button", name="Choose others").click()
    page.get_by_role("heading", name="Drop a folder").wait_for()
    drop(page, "text.zip", b"this is a text")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "text.zip is not a zip archive" in alert.inner_text()
    forgive_refusals(page)


def test_a_folder_is_dropped(page, studio, folder):
    page.goto(f"{studio.base}/new")
    page.get_by_role("heading", name="Drop a folder").wait_for()
    box = page.locator(".new-drop").bounding_box()
    place = {"x": box["x"] + 20, "y": box["y"] + 20}
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    browser = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})
    page.get_by_role("heading", name="zoo").wait_for()
    page.get_by_role("heading", name="What is in it").wait_for()
    assert page.get_by_role("img", name=re.compile(r"^(cat|dog).\d.png$")).count() == 8
    page.get_by_text("1 file is left out", exact=True).wait_for()


def drop(page, name, content):
    page.evaluate(
        """([name, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name));
            const target = document.querySelector(".new-drop");
            for (const kind of ["dragover", "drop"])
                target.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [name, list(content)],
    )
