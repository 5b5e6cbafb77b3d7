"""The local cloud: an AWS emulator with the limits of AWS, in a separate process on this machine.

`supervisor` starts, finds and stops it; `server` is its process. `limits_at_door`, `limits_inside` and
`states` enforce AWS's limits; `authentication`, `grants` and `actions` check who may do what;
`patch_runtime`, `events`, `queues`, `doors` and `durable` correct the emulator where it differs from AWS;
`starts` keeps it responsive on a machine that is short of CPU, `provisioned` starts provisioned
environments, `snap_start` initialises published versions, `loopback` blocks connections to other machines;
`patch_cloudformation` adds what its CloudFormation omits; `vouch` lists what a run on the local cloud can
show and what it cannot.
"""
