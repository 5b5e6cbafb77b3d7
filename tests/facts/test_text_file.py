"""Text as people's editors write it."""

import pytest

from explorer.errors import ExplorerError, WorkloadError
from explorer.facts.text_file import decode, read_text

TEXT = 'name = "Größe"\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_taken_off(encoding, tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(TEXT.encode(encoding))
    assert read_text(path, "a workload") == TEXT


@pytest.mark.parametrize(
    ("encoding", "says"),
    [
        ("utf-16", "a.toml: is not UTF-8, it is UTF-16; expected a workload, saved as UTF-8"),
        ("utf-16-be", "a.toml: is not UTF-8; expected a workload, saved as UTF-8"),
        ("latin-1", "a.toml: is not UTF-8; expected a workload, saved as UTF-8"),
    ],
)
def test_another_encoding_is_said(encoding, says):
    with pytest.raises(WorkloadError) as error:
        decode(TEXT.encode(encoding), "a.toml", "a workload", WorkloadError)
    assert str(error.value) == says


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "statments.toml",
            'statments.toml: no such file (did you mean "statements.toml"?); expected a table',
        ),
        (
            "in/statments.toml",
            'in/statments.toml: no such file (did you mean "in/statements.toml"?); expected',
        ),
        ("usage.csv", "usage.csv: no such file; expected a table"),
        ("statment", 'statment: no such file (did you mean "statement"?); expected a table'),
        ("nowhere/orders.toml", "nowhere/orders.toml: no such file; expected a table"),
    ],
)
def test_a_file_that_is_not_there_is_answered_with_the_nearest_that_is(name, says, tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    for folder in (tmp_path, tmp_path / "in"):
        (folder / "statements.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExplorerError) as error:
        read_text(name, "a table", others=["statement"])
    assert str(error.value).startswith(says)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ExplorerError, match=r"is a folder; expected a table"):
        read_text(tmp_path, "a table")
