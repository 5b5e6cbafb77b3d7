"""Logs, traces, results of load tests, templates and live functions into one frame, and that into a workload.

`sources` finds the bytes, `reader` recognises their format, by the modules of `formats`. `envelopes` and
`json_stream` open what wraps lines, `record_stream` makes lines of records that have none. All give parts of
the one `frame`, of which `selection` says what counts, and which a tally keeps. `result` says what it holds;
`workload` writes the file and its questions. `function` asks a live function, `template` a template.
"""
