"""The local cloud: an emulator whose limits are the real ones, in a process of its own on this machine.

`supervisor` starts, finds and ends it; `server` is its process. `limits_at_door`, `limits_inside` and
`states` hold AWS's limits; `authentication`, `grants` and `actions` let in only who may; `patch_runtime`,
`events`, `queues`, `doors` and `durable` repair what the emulator does otherwise than AWS; `starts` keeps
it answering on a machine that is short of CPU, `provisioned` starts what is to be kept ready,
`snap_start` initialises what is published, `loopback` lets nothing out; `patch_cloudformation` does what
its CloudFormation leaves out; `vouch` says what all this can show and what not.
"""
