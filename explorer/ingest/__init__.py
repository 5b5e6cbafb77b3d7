"""Logs, results of load tests and live functions into one frame, and that into a workload.

`sources` finds the bytes, `reader` tells their format. `reports` and `access` read lines, `envelopes` and
`json_stream` what wraps them, `power_tuning` and `benchmark` results, `function` a live function: each
gives parts of the one `frame`, which a tally keeps. `result` says what it holds; `workload` writes the
file and its questions.
"""
