"""Write the JSON Schema of the workload file in the package: `python scripts/schema.py`.

tests/workload/test_schema.py checks that the stored schema matches the fields.
"""

from __future__ import annotations

import json

from explorer.facts import locations
from explorer.workload.schema import json_schema

if __name__ == "__main__":
    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    locations.schema_file().write_text(text, encoding="utf-8")
