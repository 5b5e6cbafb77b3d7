"""Converts logs, traces, load test results, templates and live functions to one frame, then to a workload.

`sources` opens the inputs, and `reader` recognises their format with the modules of `formats`. `envelopes`
and `json_stream` unwrap lines inside JSON, and `record_stream` puts JSON records on lines of their own. All
yield parts of the same `frame`; `selection` says which rows count, and a tally collects them. `result`
computes the figures; `workload` writes the file and its questions. `function` reads a live function,
`template` a template.
"""
